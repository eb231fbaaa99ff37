// The only includer of Boost.Asio in the monitor: what of it we use, and with which settings.
//
// GCC 12 in C++20 mode wants <utility> before Asio's own headers, which use std::exchange without including it.
#pragma once

#include <utility>

#define BOOST_ASIO_NO_DEPRECATED
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
