// What the monitor itself uses of Boost.Asio: that of the pagers (devices/pager/asio.h), and signals.
#pragma once

#include "devices/pager/asio.h"

#include <boost/asio/signal_set.hpp>
