// The only includer of Boost.Asio in the monitor: what of it we use, and with which settings.
//
// GCC 12 in C++20 mode wants <utility> before Asio's own headers, which use std::exchange without including it.
#pragma once

#include <utility>

#define BOOST_ASIO_NO_DEPRECATED
// ThreadSanitizer does not know fences, and Asio needs its own only beside the mutex that orders its queue anyway.
#ifdef __SANITIZE_THREAD__
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#endif
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
