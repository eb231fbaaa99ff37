// A program that is a pager: one thread answers for the pages of a VMO, the other one uses them as memory.
//
//   pagerd [PAGES]
//
// The store holds 64-bit words that count from 0. The user adds all of them up through a mapping, doubles the first
// word of every fourth page, and lets go; what it changed is then in the store.
#include <lib/zx/pager.h>
#include <lib/zx/vmar.h>
#include <pagoda/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <numeric>
#include <vector>

namespace {

constexpr uint64_t kPageSize = 4096;
constexpr uint64_t kWordsPerPage = kPageSize / sizeof(uint64_t);
constexpr uint64_t kKey = 1;
constexpr uint64_t kMostPages = uint64_t{1} << 16;

// Ends the program when something fails that cannot.
void Must(zx_status_t status, const char* what) {
  if (status != ZX_OK) {
    fprintf(stderr, "pagerd: %s: %s\n", what, zx_status_get_string(status));
    exit(1);
  }
}

// Serves the pages of one VMO from a store, and writes back what was changed when the VMO is detached.
class Server {
 public:
  explicit Server(std::vector<uint64_t>& store) : store_(store) {
    Must(zx::pager::create(0, &pager_), "pager_create");
    Must(zx::port::create(0, &port_), "port_create");
    Must(pager_.create_vmo(ZX_VMO_TRAP_DIRTY, port_, kKey, size(), &vmo_), "pager_create_vmo");
    Must(zx::vmo::create(size(), 0, &transfer_), "vmo_create");
  }

  [[nodiscard]] const zx::vmo& vmo() const { return vmo_; }
  [[nodiscard]] uint64_t size() const { return store_.size() * sizeof(uint64_t); }
  // No request will follow, and Run comes to its end. Any thread.
  void Detach() const { Must(pager_.detach_vmo(vmo_), "pager_detach_vmo"); }

  // Answers requests until the VMO is detached.
  void Run() {
    for (;;) {
      zx_port_packet_t packet;
      Must(port_.wait(zx::time::infinite(), &packet), "port_wait");
      const zx_packet_page_request_t& request = packet.page_request;
      switch (request.command) {
        case ZX_PAGER_VMO_READ:
          ++reads_;
          Supply(request.offset, request.length);
          break;
        case ZX_PAGER_VMO_DIRTY:
          ++dirties_;
          Must(pager_.op_range(ZX_PAGER_OP_DIRTY, vmo_, request.offset, request.length, 0), "OP_DIRTY");
          break;
        case ZX_PAGER_VMO_COMPLETE:
          WriteBack();
          printf("pagerd: %zu reads, %zu dirty requests, %zu pages written back\n", reads_, dirties_, written_);
          return;
      }
    }
  }

 private:
  [[nodiscard]] uint64_t* StoreAt(uint64_t offset) { return store_.data() + offset / sizeof(uint64_t); }

  void Supply(uint64_t offset, uint64_t length) {
    Must(transfer_.write(StoreAt(offset), offset, length), "vmo_write");
    Must(pager_.supply_pages(vmo_, offset, length, transfer_, offset), "pager_supply_pages");
  }

  void WriteBack() {
    for (uint64_t offset = 0; offset < size();) {
      zx_vmo_dirty_range_t range;
      size_t actual = 0;
      Must(pager_.query_dirty_ranges(vmo_, offset, size() - offset, &range, sizeof(range), &actual, nullptr),
           "pager_query_dirty_ranges");
      if (actual == 0) {
        return;
      }
      Must(pager_.op_range(ZX_PAGER_OP_WRITEBACK_BEGIN, vmo_, range.offset, range.length, 0), "OP_WRITEBACK_BEGIN");
      Must(vmo_.read(StoreAt(range.offset), range.offset, range.length), "vmo_read");
      Must(pager_.op_range(ZX_PAGER_OP_WRITEBACK_END, vmo_, range.offset, range.length, 0), "OP_WRITEBACK_END");
      written_ += range.length / kPageSize;
      offset = range.offset + range.length;
    }
  }

  std::vector<uint64_t>& store_;
  zx::pager pager_;
  zx::port port_;
  zx::vmo vmo_;
  zx::vmo transfer_;
  size_t reads_ = 0, dirties_ = 0, written_ = 0;
};

// Adds all words up, and doubles the first of every fourth page. Knows nothing of pagers.
uint64_t Use(const zx::vmo& vmo, uint64_t size) {
  zx_vaddr_t address = 0;
  constexpr zx_vm_option_t kAccess = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_ALLOW_FAULTS;
  Must(zx::vmar::root_self()->map(kAccess, 0, vmo, 0, size, &address), "vmar_map");
  auto* words = reinterpret_cast<uint64_t*>(address);
  const uint64_t sum = std::accumulate(words, words + size / sizeof(uint64_t), uint64_t{0});
  for (uint64_t offset = 0; offset < size; offset += 4 * kPageSize) {
    words[offset / sizeof(uint64_t)] *= 2;
  }
  Must(zx::vmar::root_self()->unmap(address, size), "vmar_unmap");
  return sum;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const uint64_t pages = argument_count > 1 ? strtoull(arguments[1], nullptr, 0) : 64;
  if (pages == 0 || pages > kMostPages || argument_count > 2) {
    fprintf(stderr, "usage: pagerd [PAGES]\nPAGES is 1 to %lu; 64 if it is not said\n", kMostPages);
    return 2;
  }
  std::vector<uint64_t> store(pages * kWordsPerPage);
  std::iota(store.begin(), store.end(), uint64_t{0});
  Server server(store);
  pagoda::Thread thread;
  Must(thread.Start("server", [&server] { server.Run(); }), "thread_start");
  const uint64_t sum = Use(server.vmo(), server.size());
  server.Detach();
  thread.Join();
  printf("pagerd: sum %lu, last changed word %lu\n", sum, store[(pages - 1) / 4 * 4 * kWordsPerPage]);
  return sum == (store.size() - 1) * store.size() / 2 ? 0 : 1;
}
