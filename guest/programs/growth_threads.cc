// How waiting grows: with the number of threads, of requests that a pager has not answered, of vCPUs in the kernel.
#include <lib/zx/pager.h>
#include <pagoda/thread.h>
#include <zircon/syscalls/port.h>

#include <atomic>
#include <memory>

#include "guest/programs/growth.h"

namespace growth {
namespace {

// Threads that wait for their turn, each at a futex of its own.
class Sleepers {
 public:
  void GrowTo(size_t count, const Curve& curve) {
    while (sleepers_.size() < count && !failed && !curve.out_of_time()) {
      auto sleeper = std::make_unique<Sleeper>();
      Expect(sleeper->thread.Start("sleeper", [raw = sleeper.get()] { Sleep(*raw); }));
      sleepers_.push_back(std::move(sleeper));
    }
  }
  [[nodiscard]] size_t size() const { return sleepers_.size(); }
  // Wakes one and waits for its answer.
  void Turn(size_t index) {
    Sleeper& sleeper = *sleepers_[index];
    sleeper.answer = 0;
    Set(sleeper.turn, kTurn);
    while (sleeper.answer == 0) {
      zx_futex_wait(reinterpret_cast<zx_futex_t*>(&sleeper.answer), 0, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
    }
  }

 private:
  static constexpr int32_t kWait = 0;
  static constexpr int32_t kTurn = 1;
  struct Sleeper {
    pagoda::Thread thread;
    std::atomic<int32_t> turn = kWait;
    std::atomic<int32_t> answer = 0;
  };
  static void Set(std::atomic<int32_t>& word, int32_t value) {
    word = value;
    zx_futex_wake(reinterpret_cast<zx_futex_t*>(&word), 1);
  }
  static void Sleep(Sleeper& self) {
    for (;;) {
      while (self.turn == kWait) {
        zx_futex_wait(reinterpret_cast<zx_futex_t*>(&self.turn), kWait, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
      }
      self.turn = kWait;
      Set(self.answer, 1);
    }
  }
  std::vector<std::unique_ptr<Sleeper>> sleepers_;
};

// A pager in this program, whose pages come only when it is told so, and threads that wait for them.
class Readers {
 public:
  Readers() {
    Expect(zx::port::create(0, &port_));
    Expect(zx::pager::create(0, &pager_));
    Expect(pager_.create_vmo(0, port_, 0, kPages * kPageSize, &vmo_));
  }

  // Until `count` requests are outstanding.
  void GrowTo(size_t count, const Curve& curve) {
    while (threads_.size() < count && !failed && !curve.out_of_time()) {
      threads_.push_back(Start(NextPage()));
      WaitForRequest();
    }
  }
  [[nodiscard]] size_t size() const { return threads_.size(); }

  // One more page is asked for and supplied; cycles until its reader has it.
  uint64_t Answer() {
    const uint64_t page = NextPage();
    const zx::vmo aux = MakeVmo(kPageSize);
    Expect(aux.write("x", 0, 1));
    read_at_ = 0;
    const std::unique_ptr<pagoda::Thread> reader = Start(page);
    WaitForRequest();
    const uint64_t start = ReadTsc();
    Expect(pager_.supply_pages(vmo_, page * kPageSize, kPageSize, aux, 0));
    reader->Join();
    return read_at_ - start;
  }

 private:
  static constexpr uint64_t kPages = 1 << 16;

  // A fresh one, in no order that would be read ahead.
  uint64_t NextPage() { return next_++ * 40503 % kPages; }

  std::unique_ptr<pagoda::Thread> Start(uint64_t page) {
    auto thread = std::make_unique<pagoda::Thread>();
    auto body = [this, page] {
      char byte = 0;
      if (vmo_.read(&byte, page * kPageSize, 1) == ZX_OK) {
        read_at_ = ReadTsc();
      }
    };
    Expect(thread->Start("reader", body, kPageSize));
    return thread;
  }
  void WaitForRequest() {
    zx_port_packet_t packet;
    Expect(port_.wait(zx::time::infinite(), &packet));
  }

  zx::port port_;
  zx::pager pager_;
  zx::vmo vmo_;
  uint64_t next_ = 0;
  std::atomic<uint64_t> read_at_ = 0;
  std::vector<std::unique_ptr<pagoda::Thread>> threads_;
};

}  // namespace

void Requests() {
  Curve curve;
  auto& readers = *new Readers;
  for (size_t count = 1; count <= Most(10'000); count *= 10) {
    readers.GrowTo(count, curve);
    const size_t reached = readers.size();
    if (failed || !curve.Add(reached, [&] { return readers.Answer(); }) || reached < count) {
      return;
    }
  }
}

void Threads() {
  Curve curve;
  auto& sleepers = *new Sleepers;
  for (size_t count = 1; count <= Most(1000); count *= 10) {
    sleepers.GrowTo(count, curve);
    if (sleepers.size() < count || failed ||
        !curve.Add(count, [&] { return CyclesOf([&] { sleepers.Turn(count / 2); }); })) {
      return;
    }
  }
}

void Vcpus() {
  Curve curve;
  std::vector<std::unique_ptr<pagoda::Thread>> others;
  std::atomic<bool> stop = false;
  for (size_t count = 1; count <= Most(zx_system_get_num_cpus()); count *= 2) {
    while (others.size() + 1 < count && !failed) {
      others.push_back(std::make_unique<pagoda::Thread>());
      Expect(others.back()->Start("caller", [&] {
        while (!stop) {
          zx_pagoda_cpu_index();
        }
      }));
    }
    if (failed || !curve.Add(count, [] { return CyclesOf([] { zx_pagoda_cpu_index(); }); })) {
      break;
    }
  }
  stop = true;
  for (const auto& other : others) {
    other->Join();
  }
}

}  // namespace growth
