// A queue of many queues, served in turn: one that has much to do cannot keep the others waiting.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace pager::remote {

template <typename Key, typename T>
class FairQueue {
 public:
  [[nodiscard]] bool empty() const { return turns_.empty(); }

  void Push(Key key, T value) {
    std::deque<T>& queue = queues_[key];
    if (queue.empty()) {
      turns_.push_back(key);
    }
    queue.push_back(std::move(value));
  }

  // The first of the key whose turn it is; then it is the next key's turn.
  std::optional<T> Pop() {
    if (turns_.empty()) {
      return std::nullopt;
    }
    const auto found = queues_.find(turns_.front());
    turns_.pop_front();
    T value = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty()) {
      queues_.erase(found);
    } else {
      turns_.push_back(found->first);
    }
    return value;
  }

  // Everything of this key, in order.
  std::deque<T> TakeAll(Key key) {
    const auto found = queues_.find(key);
    if (found == queues_.end()) {
      return {};
    }
    std::deque<T> all = std::move(found->second);
    queues_.erase(found);
    turns_.remove(key);
    return all;
  }

 private:
  std::map<Key, std::deque<T>> queues_;  // none is empty
  std::list<Key> turns_;                 // each key of queues_ once
};

}  // namespace pager::remote
