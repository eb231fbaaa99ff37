// Structures in a state in which no kernel should leave them: the inspection ends, and says what it has seen.
#include <algorithm>
#include <cstring>

#include "guest/kernel/inspect/careful_list.h"
#include "guest/kernel/vm/region_scan.h"
#include "shared/base/intrusive_list.h"
#include "tests/guest/kernel/inspect/inspect_fixture.h"

namespace gk::test {
namespace {

struct Element : base::ListNode<Element> {
  int visits = 0;
};
using Elements = base::IntrusiveList<Element>;

// A node's links as they lie in memory: next, previous.
struct Links {
  void* next;
  void* previous;
};
template <typename Tag>
void SetNext(base::ListNode<Tag>& node, void* next) {
  static_assert(sizeof(node) == sizeof(Links));
  std::memcpy(reinterpret_cast<char*>(&node), &next, sizeof(next));
}
template <typename Tag>
void* NextOf(base::ListNode<Tag>& node) {
  void* next = nullptr;
  std::memcpy(&next, reinterpret_cast<char*>(&node), sizeof(next));
  return next;
}

class CarefulListTest : public testing::Test {
 protected:
  CarefulListTest() {
    for (Element& element : elements_) {
      list_.PushBack(element);
    }
  }
  ~CarefulListTest() override {
    for (size_t i = 0; i < std::size(elements_); ++i) {
      SetNext<Element>(elements_[i], nullptr);
      SetPrevious(elements_[i]);
    }
    new (&list_) Elements;  // forgets the elements
  }
  static void SetPrevious(Element& element) {
    std::memset(reinterpret_cast<char*>(static_cast<base::ListNode<Element>*>(&element)), 0, sizeof(Links));
  }
  bool Visit() {
    return inspect::ForEachCarefully(list_, [](Element& element) {
      ++element.visits;
      return true;
    });
  }
  Elements list_;
  Element elements_[100];
};

TEST_F(CarefulListTest, WholeListIsVisitedOnceEach) {
  EXPECT_TRUE(Visit());
  for (const Element& element : elements_) {
    EXPECT_EQ(element.visits, 1);
  }
}

TEST_F(CarefulListTest, CircleEndsAfterFewRounds) {
  for (const size_t start : {size_t{0}, size_t{1}, size_t{50}, size_t{99}}) {
    void* const old = NextOf<Element>(elements_[99]);
    SetNext<Element>(elements_[99], static_cast<base::ListNode<Element>*>(&elements_[start]));
    EXPECT_FALSE(Visit()) << start;
    SetNext<Element>(elements_[99], old);
  }
  int most = 0;
  for (const Element& element : elements_) {
    most = element.visits > most ? element.visits : most;
  }
  EXPECT_LE(most, 4 * 130) << "a circle of one element goes round at most as often as there are elements before it";
}

TEST_F(CarefulListTest, BrokenOffListEnds) {
  SetNext<Element>(elements_[10], nullptr);
  EXPECT_FALSE(Visit());
  EXPECT_EQ(elements_[10].visits, 1);
  EXPECT_EQ(elements_[11].visits, 0);
}

class InspectBrokenTest : public InspectTest {};

TEST_F(InspectBrokenTest, CircleInTheListOfVmosIsReported) {
  const RefPtr<Vmo> first = MakeNamed("first", 1);
  const RefPtr<Vmo> last = MakeNamed("last", 1);
  base::ListNode<AllVmosTag>& node = *last;
  void* const old = NextOf(node);
  SetNext(node, static_cast<base::ListNode<AllVmosTag>*>(first.get()));
  const Inspection answer = Ask(DebugCommand::kVmos);
  SetNext(node, old);
  EXPECT_EQ(answer.error, DebugCallError::kNone);
  EXPECT_EQ(answer.lines.back(), "(this list has no end; what follows is left out)");
  EXPECT_LT(answer.lines.size(), 200u);
}

TEST_F(InspectBrokenTest, EveryCommandEndsWithACircleInTheListOfVmosAndOfProcesses) {
  const RefPtr<Vmo> vmo = MakeNamed("vmo", 1);
  base::ListNode<AllVmosTag>& vmo_node = *vmo;
  base::ListNode<AllProcessesTag>& process_node = *process_;
  void* const old_vmo = NextOf(vmo_node);
  void* const old_process = NextOf(process_node);
  SetNext(vmo_node, &vmo_node);
  SetNext(process_node, &process_node);
  for (const DebugCommand command :
       {DebugCommand::kVmos, DebugCommand::kVmars, DebugCommand::kPagers, DebugCommand::kRequests,
        DebugCommand::kThreads, DebugCommand::kModules, DebugCommand::kCpuRecords, DebugCommand::kModuleRecords}) {
    EXPECT_EQ(Ask(command).error, DebugCallError::kNone);
  }
  SetNext(vmo_node, old_vmo);
  SetNext(process_node, old_process);
}

// Turns each link of each region, one after the other, to each region.
TEST_F(InspectBrokenTest, WhateverTheTreeOfRegionsLooksLikeItsScanEndsSoon) {
  Vmar& root = process_->address_space().root();
  const RefPtr<Vmar> region = *root.Allocate({.offset = 0, .size = 8 * kPageSize, .options = ZX_VM_CAN_MAP_READ});
  for (int i = 0; i < 3; ++i) {
    MapMemory(ZX_VM_PERM_READ, kPageSize);
  }
  std::vector<Region*> regions = {&root};
  for (Region* next = root.children().First(); next != nullptr; next = root.children().Next(*next)) {
    regions.push_back(next);
  }
  ASSERT_GE(regions.size(), 6u);
  size_t links = 0;
  for (Region* from : regions) {
    for (size_t offset = 0; offset + sizeof(void*) <= sizeof(Region); offset += sizeof(void*)) {
      char* const link = reinterpret_cast<char*>(from) + offset;
      Region* old = nullptr;
      std::memcpy(&old, link, sizeof(old));
      if (std::find(regions.begin(), regions.end(), old) == regions.end()) {
        continue;
      }
      ++links;
      for (Region* to : regions) {
        std::memcpy(link, &to, sizeof(to));
        EXPECT_LE(Ask(DebugCommand::kVmars, process_->koid()).lines.size(), regions.size() + 3);
      }
      std::memcpy(link, &old, sizeof(old));
    }
  }
  EXPECT_GE(links, 10u) << "four of six regions have one above them in the tree, all but the root a parent";
}

TEST_F(InspectBrokenTest, ScanTakesNoMoreStepsThanItWasGiven) {
  Vmar& root = process_->address_space().root();
  MapMemory(ZX_VM_PERM_READ, kPageSize);
  MapMemory(ZX_VM_PERM_READ, kPageSize);
  for (size_t steps = 0; steps < 20; ++steps) {
    RegionScan scan(root, steps);
    size_t seen = 0;
    while (scan.Next() != nullptr) {
      ++seen;
    }
    EXPECT_LE(seen, steps);
    EXPECT_TRUE(seen == root.children().size() + 1 || scan.gave_up()) << steps;
  }
}

TEST(InspectFailure, LineStandsBehindTheWholeLines) {
  std::vector<char> buffer(1024);
  const std::string written = "HEAD\nfirst line\nsecond li";
  std::copy(written.begin(), written.end(), buffer.begin());
  const size_t size = inspect::AddFailure(buffer, std::span("page fault\n", 11));
  EXPECT_EQ(std::string(buffer.data(), size), "HEAD\nfirst line\n(the inspection failed: page fault?)\n");
}

TEST(InspectFailure, FullBufferMakesRoomForTheLine) {
  std::vector<char> buffer(1024, '\n');
  const std::string long_text(2000, 'x');
  const size_t size = inspect::AddFailure(buffer, long_text);
  const std::string text(buffer.data(), size);
  EXPECT_LE(size, buffer.size());
  EXPECT_EQ(text.substr(text.size() - 3), "x)\n");
  EXPECT_NE(text.find("\n(the inspection failed: "), std::string::npos);
}

}  // namespace
}  // namespace gk::test
