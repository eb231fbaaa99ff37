// Waiting in a coroutine for an operation that answers by a handler.
#pragma once

#include <memory>
#include <tuple>
#include <utility>

#include "devices/pager/asio.h"

namespace pager {

// co_await AsyncCall<Values...>([&](auto handler) { operation(..., std::move(handler)); })
//
// gives the values that the operation calls `handler` with; a tuple when there are several. The handler may be copied,
// and called once, from any thread; the coroutine goes on on its own executor. If no copy is ever called the coroutine
// is destroyed with the last of them.
template <typename... Values, typename Start>
auto AsyncCall(Start start) {
  const auto initiate = [](auto resume, Start run) {
    auto shared = std::make_shared<decltype(resume)>(std::move(resume));
    run([shared](Values... values) {
      const auto executor = boost::asio::get_associated_executor(*shared);
      boost::asio::post(executor, [shared, arguments = std::make_tuple(std::move(values)...)]() mutable {
        std::apply(std::move(*shared), std::move(arguments));
      });
    });
  };
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Values...)>(
      initiate, boost::asio::use_awaitable, std::move(start));
}

}  // namespace pager
