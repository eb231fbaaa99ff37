// A doubly linked list whose links live in the elements: inserting cannot fail and allocates nothing.
//
// An element derives from ListNode<Tag> once for each list that it can be on at a time. It must leave the list before
// it is destroyed; the node's destructor checks that in debug builds. The list never owns its elements.
#pragma once

#include <cassert>
#include <cstddef>

namespace base {

template <typename Tag>
class ListNode {
 public:
  constexpr ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  constexpr ~ListNode() { assert(!is_linked()); }

  [[nodiscard]] constexpr bool is_linked() const { return next_ != nullptr; }

  // Takes the element out of whatever list it is on. Precondition: is_linked().
  void Unlink() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename T, typename ListTag>
  friend class IntrusiveList;
  void LinkBefore(ListNode* position) {
    assert(!is_linked());
    next_ = position;
    previous_ = position->previous_;
    previous_->next_ = this;
    position->previous_ = this;
  }
  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

template <typename T, typename Tag = T>
class IntrusiveList {
  using Node = ListNode<Tag>;

 public:
  class Iterator {
   public:
    explicit Iterator(Node* node) : node_(node) {}
    T& operator*() const { return *static_cast<T*>(node_); }
    T* operator->() const { return static_cast<T*>(node_); }
    Iterator& operator++() {
      node_ = node_->next_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    friend class IntrusiveList;
    Node* node_;
  };

  // All zeros: a list in a zero-initialised global needs no constructor, and GCC 12 forgets pointers into the object
  // itself when it initialises arrays at compile time. The head is linked to itself by the first insertion.
  constexpr IntrusiveList() = default;
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  // Precondition: the list is empty.
  constexpr ~IntrusiveList() {
    assert(empty());
    head_.next_ = head_.previous_ = nullptr;
  }

  [[nodiscard]] constexpr bool empty() const { return head_.next_ == nullptr || head_.next_ == &head_; }
  T& front() { return *static_cast<T*>(head_.next_); }
  T& back() { return *static_cast<T*>(head_.previous_); }
  void PushBack(T& element) { InsertBefore(end(), element); }
  void PushFront(T& element) { InsertBefore(begin(), element); }
  void InsertBefore(Iterator position, T& element) {
    if (head_.next_ == nullptr) {
      head_.next_ = head_.previous_ = &head_;
    }
    static_cast<Node&>(element).LinkBefore(position.node_);
  }

  // Takes out and returns the first element, or nullptr when there is none.
  T* PopFront() {
    if (empty()) {
      return nullptr;
    }
    T& element = front();
    static_cast<Node&>(element).Unlink();
    return &element;
  }

  // Removing the element that an iterator points at invalidates that iterator; step past it first.
  Iterator begin() { return empty() ? end() : Iterator(head_.next_); }
  Iterator end() { return Iterator(&head_); }

 private:
  Node head_;
};

}  // namespace base
