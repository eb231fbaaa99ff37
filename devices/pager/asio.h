// The only includer of Boost.Asio for pagers: what of it we use, and with which settings.
//
// GCC 12 in C++20 mode wants <utility> before Asio's own headers, which use std::exchange without including it; clang
// 14 has coroutines, but does not say so in a way that Asio understands.
#pragma once

#include <coroutine>
#include <utility>

#define BOOST_ASIO_NO_DEPRECATED
#ifdef __clang__
#define BOOST_ASIO_HAS_CO_AWAIT 1
#define BOOST_ASIO_HAS_STD_COROUTINE 1
#endif
// ThreadSanitizer does not know fences. Asio needs one only beside the mutex that orders its queue anyway, and another
// for reference counts, which Boost also has without.
#ifdef __SANITIZE_THREAD__
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#define BOOST_ASIO_DISABLE_STD_ATOMIC
#endif
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
