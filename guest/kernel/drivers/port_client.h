// The kernel's end of the port device (shared/abi/PORT_DEVICE.md): host-served objects by name, their pages, and what
// the host's pagers do to them.
//
//          Start                 the device broke the rules, or asked for a reset
//   kDown -------> kRunning ---------------------------------------------------------> kFailed
//
// In kFailed the device has been reset and all requests have been answered with ZX_ERR_IO, as new ones are.
//
// Whoever waits calls Poll for a while before blocking; the interrupt handler calls OnInterrupt. Kernel lock held for
// every call; only Open and List block.
#pragma once

#include <stdint.h>

#include <span>

#include "guest/kernel/drivers/port_control.h"
#include "guest/kernel/drivers/port_object.h"
#include "guest/kernel/drivers/port_opening.h"
#include "guest/kernel/drivers/port_operations.h"
#include "guest/kernel/drivers/port_requests.h"
#include "guest/kernel/drivers/virtio_mmio.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk::drivers {

// Who hears that all objects have been written back.
class WriteBackObserver {
 public:
  virtual void OnAllWrittenBack() = 0;

 protected:
  ~WriteBackObserver() = default;
};

class PortClient final : private OpenObserver, private PortOperationTarget, private ShortageObserver {
 public:
  constexpr PortClient() = default;
  // Precondition: no program has a VMO of the host's; the device no longer has our memory.
  ~PortClient();

  // Brings the device up. ZX_ERR_NOT_FOUND: `device` is no port device; ZX_ERR_NOT_SUPPORTED: one that we cannot talk
  // to. Other errors: VirtioMmio's. After a failure the client stays down.
  [[nodiscard]] Result<> Start(VirtioMmio device);

  struct Opened {
    RefPtr<Vmo> vmo;  // a reference to the one that all who open the object share
    bool read_only;
  };
  // Opens the host-served object called `name`. Blocks, also for as long as the host writes back what the last ones who
  // had the object left behind.
  // ZX_ERR_INVALID_ARGS: the name is empty or longer than kPortMaxName. ZX_ERR_NOT_FOUND, or what the host's pager
  // said. ZX_ERR_BAD_STATE: the host has detached the object, and some still have it. ZX_ERR_NO_MEMORY. ZX_ERR_IO: the
  // device is not usable. ZX_ERR_INTERNAL_INTR_KILLED: the thread is to end.
  [[nodiscard]] Result<Opened> Open(std::span<const char> name);

  // The names in the host's directory `name` (0..kPortMaxName bytes) from the one with index `first` on, as many as fit
  // into `room` bytes (1..PortListing::kMostPages pages). Blocks. Errors as above; ZX_ERR_BUFFER_TOO_SMALL: not even
  // one fits; ZX_ERR_NOT_SUPPORTED: the pager has no directories.
  [[nodiscard]] Result<RefPtr<PortListing>> List(std::span<const char> name, uint64_t first, size_t room);

  // Has the host write back what is dirty of the object, durably. Blocks. The host's errors; ZX_ERR_NO_MEMORY;
  // ZX_ERR_IO: the device has failed. For PortObject.
  [[nodiscard]] Result<> Sync(PortObject& object);

  // Tells the host of all objects that they are no longer used, whether they are or not, and `observer` when it has
  // answered: perhaps at once. For the end of the machine.
  void WriteAllBack(WriteBackObserver& observer);

  // Poll may find something. Kernel lock not held.
  [[nodiscard]] bool has_answers() const {
    return requests_.has_used() || operations_.has_used() || control_.has_used();
  }
  // Delivers the answers that have arrived, and carries out operations.
  void Poll();

  // The same, and asks the device for an interrupt when the next request is answered: whoever waits for one sleeps now.
  void PrepareToBlock();

  // The device's interrupt arrived: answers, operations, or the news that it cannot go on.
  void OnInterrupt();

  // True while the device has something to answer.
  [[nodiscard]] bool busy() const { return requests_.busy() || control_.busy(); }

  // For PortObject.
  void SendQuestion(PortObject& object, SourceRequest& question);
  void WithdrawQuestion(PortObject& object, SourceRequest& question);
  void SendErrand(PortObject& object, PortErrand& errand) override;
  // The object has given up its VMO. Takes the ticket over.
  void CloseObject(PortObject& object, CloseTicket* ticket);

 private:
  enum class State : uint8_t { kDown, kRunning, kFailed };

  [[nodiscard]] Result<> SetUp();
  [[nodiscard]] PollOutcome PollQueues();
  // Waits on `queue` until `done` returns true: polls for a while, then blocks.
  template <typename Done>
  [[nodiscard]] Result<> WaitUntil(Done done, WaitQueue& queue);
  [[nodiscard]] Result<RefPtr<PortOpening>> OpenOnce(std::span<const char> name);
  [[nodiscard]] Result<> WaitForSlot();
  void Fail();
  void CloseEnded();
  [[nodiscard]] PortObject* Find(uint64_t number);

  // OpenObserver
  void OnOpenAnswer(PortOpening& opening, Status status, const abi::PortReply& reply) override;
  [[nodiscard]] Status MakeObject(PortOpening& opening, const abi::PortReply& reply);
  // ShortageObserver: READs that were sent ahead of their readers are answered without an interrupt.
  void OnShortage() override;
  // PortOperationTarget
  [[nodiscard]] RefPtr<PortObject> FindObject(uint64_t number) override { return RefPtr<PortObject>(Find(number)); }
  [[nodiscard]] bool IsOpening() const override { return control_.is_opening(); }

  State state_ = State::kDown;
  VirtioMmio device_{0};
  base::IntrusiveList<PortObject> objects_;  // that are open; the list holds a reference to each
  WriteBackObserver* write_back_observer_ = nullptr;
  PortOperations operations_{*this};
  PortRequests requests_{operations_};
  PortControl control_{*this};
};

}  // namespace gk::drivers
