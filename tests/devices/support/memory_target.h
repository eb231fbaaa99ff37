// A file that is only a string, written back to.
#pragma once

#include <zircon/errors.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "devices/pager/writeback_pass.h"
#include "shared/base/range.h"

namespace test {

class MemoryTarget final : public pager::WritebackTarget {
 public:
  explicit MemoryTarget(std::string initial) : content(std::move(initial)) {}

  void Write(uint64_t offset, std::vector<iovec> data, Handler handler) override {
    std::string text;
    for (const iovec& piece : data) {
      text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    Do("write " + Span(offset, text.size()), std::move(handler), [this, offset, text] { Put(offset, text); });
  }
  void Zero(uint64_t offset, uint64_t length, Handler handler) override {
    Do("zero " + Span(offset, length), std::move(handler),
       [this, offset, length] { Put(offset, std::string(length, '\0')); });
  }
  void SetSize(uint64_t content_size, Handler handler) override {
    Do("size " + std::to_string(content_size), std::move(handler),
       [this, content_size] { content.resize(content_size); });
  }
  void Sync(Handler handler) override {
    Do("sync", std::move(handler), [] {});
  }
  void OnLost(zx_status_t status) override { log.push_back("lost " + std::to_string(status)); }

  // An operation that was put off, done and answered now.
  void Continue() {
    const std::function<void()> next = std::move(put_off.front());
    put_off.pop_front();
    next();
  }

  std::string content;
  std::vector<std::string> log;  // "write 0+4096", "zero 4096+8192", "size 5", "sync", "lost -40"; bytes
  std::map<std::string, zx_status_t> failures;
  std::function<zx_status_t()> decide;  // the fate of operations that `failures` does not name
  bool puts_off = false;
  std::deque<std::function<void()>> put_off;

 private:
  static std::string Span(uint64_t offset, uint64_t length) {
    return std::to_string(offset) + "+" + std::to_string(length);
  }
  void Put(uint64_t offset, const std::string& text) {
    content.resize(std::max<size_t>(content.size(), offset + text.size()));
    content.replace(offset, text.size(), text);
  }
  void Do(const std::string& operation, Handler handler, std::function<void()> action) {
    log.push_back(operation);
    const auto run = [this, operation, handler = std::move(handler), action = std::move(action)] {
      const auto failure = failures.find(operation);
      const zx_status_t status = failure != failures.end() ? failure->second : decide ? decide() : ZX_OK;
      if (status == ZX_OK) {
        action();
      }
      handler(status);
    };
    if (puts_off) {
      put_off.emplace_back(run);
    } else {
      run();
    }
  }
};

}  // namespace test
