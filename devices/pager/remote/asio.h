// What the pager process uses of Boost.Asio beside what pagers do (devices/pager/asio.h).
#pragma once

#include "devices/pager/asio.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
