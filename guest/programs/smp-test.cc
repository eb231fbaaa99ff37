// What must hold between CPUs: no stale translations, no lost registers, no thread left behind. With one CPU the same
// tests exercise preemption instead.
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <pagoda/thread.h>
#include <zircon/syscalls.h>
#include <zxtest/zxtest.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace {

constexpr size_t kPageSize = 4096;
// Where the root region of a process begins: offsets for ZX_VM_SPECIFIC count from here.
constexpr zx_vaddr_t kRootBase = 0x200000;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

zx::vmo VmoHolding(uint64_t value) {
  zx::vmo vmo;
  if (zx::vmo::create(kPageSize, 0, &vmo) != ZX_OK || vmo.write(&value, 0, sizeof(value)) != ZX_OK) {
    vmo.reset();
  }
  return vmo;
}

// A reader on another CPU keeps the translation of a page in its TLB while the page is replaced again and again. Once
// the call that replaced it has returned, no CPU may see what was there before.
TEST(Translations, AReplacedPageIsNeverSeenAgain) {
  const auto root = zx::vmar::root_self();
  zx_vaddr_t address = 0;
  ASSERT_OK(root->map(kReadWrite, 0, VmoHolding(0), 0, kPageSize, &address));
  std::atomic<uint64_t> current{0};
  std::atomic<uint64_t> stale{0};
  std::atomic<bool> stop{false};
  pagoda::Thread reader;
  ASSERT_OK(reader.Start("reader", [&] {
    const auto* page = reinterpret_cast<const volatile uint64_t*>(address);
    while (!stop.load(std::memory_order_relaxed)) {
      const uint64_t at_least = current.load(std::memory_order_acquire);
      if (*page < at_least) {
        stale.fetch_add(1);
      }
    }
  }));
  for (uint64_t value = 1; value <= 300; ++value) {
    const zx::vmo replacement = VmoHolding(value);
    zx_vaddr_t mapped = 0;
    ASSERT_OK(
        root->map(kReadWrite | ZX_VM_SPECIFIC_OVERWRITE, address - kRootBase, replacement, 0, kPageSize, &mapped));
    ASSERT_EQ(mapped, address);
    current.store(value, std::memory_order_release);
  }
  stop = true;
  reader.Join();
  EXPECT_EQ(stale.load(), 0u);
  EXPECT_OK(root->unmap(address, kPageSize));
}

// Each protect takes the write permission away and gives it back while another CPU uses the same page through an alias.
TEST(Translations, ProtectedPagesComeBackWithTheirContent) {
  const auto root = zx::vmar::root_self();
  const zx::vmo vmo = VmoHolding(0);
  zx_vaddr_t address = 0;
  zx_vaddr_t alias = 0;
  ASSERT_OK(root->map(kReadWrite, 0, vmo, 0, kPageSize, &address));
  ASSERT_OK(root->map(kReadWrite, 0, vmo, 0, kPageSize, &alias));
  std::atomic<bool> stop{false};
  pagoda::Thread writer;
  ASSERT_OK(writer.Start("writer", [&] {
    auto* counter = reinterpret_cast<volatile uint64_t*>(alias);
    while (!stop.load(std::memory_order_relaxed)) {
      *counter = *counter + 1;
    }
  }));
  for (uint64_t round = 0; round < 200; ++round) {
    ASSERT_OK(root->protect(ZX_VM_PERM_READ, address, kPageSize));
    ASSERT_OK(root->protect(kReadWrite, address, kPageSize));
    *reinterpret_cast<volatile uint64_t*>(address + 8) = round;
    uint64_t seen = 0;
    ASSERT_OK(vmo.read(&seen, 8, sizeof(seen)));
    ASSERT_EQ(seen, round);
  }
  stop = true;
  writer.Join();
  EXPECT_OK(root->unmap(address, kPageSize));
  EXPECT_OK(root->unmap(alias, kPageSize));
}

// The kernel leaves the vector registers alone and changes them only with the thread; more threads than CPUs make it
// change them all the time.
TEST(Registers, FloatingPointSurvivesOtherThreads) {
  const uint32_t count = zx_system_get_num_cpus() + 2;
  std::vector<pagoda::Thread> threads(count);
  std::atomic<uint32_t> wrong{0};
  for (uint32_t i = 0; i < count; ++i) {
    ASSERT_OK(threads[i].Start("float", [&wrong, i] {
      const zx_time_t end = zx_deadline_after(ZX_MSEC(40));
      const double step = 1.0 + i;
      while (zx_clock_get_monotonic() < end) {
        double sum = 0;
        for (int k = 0; k < 1000; ++k) {
          sum += step;
        }
        wrong.fetch_add(sum != 1000 * step ? 1 : 0);
      }
    }));
  }
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  EXPECT_EQ(wrong.load(), 0u);
}

}  // namespace
