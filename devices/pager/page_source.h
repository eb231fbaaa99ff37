// What a host pager is written against.
//
//   Pager        opens objects by name: one per --pager option
//   PageSource   one open object: its size, and where its pages come from
//   request.h    what a page source is asked
//   vmo_control.h  what a page source can do to the guest's VMO
//
// The pages of a READ are guest memory, so data is read straight into its final place. What is put there counts only
// when the answer is ZX_OK.
//
// Nothing in here knows how requests travel: devices/port brings them from a guest, a test makes them itself.
#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "devices/pager/request.h"
#include "devices/pager/vmo_control.h"
#include "shared/base/result.h"

namespace pager {

struct ObjectInfo {
  uint64_t size = 0;          // bytes, a page multiple
  uint64_t content_size = 0;  // bytes, at most `size`, in the last page
  bool read_only = false;
  bool resizable = false;   // the guest may resize the VMO (ZX_VMO_RESIZABLE)
  bool trap_dirty = false;  // ask Dirty before clean pages are written to (ZX_VMO_TRAP_DIRTY)
};

// One open object. The life of one, as it sees it:
//
//   info ──▶ Attach ──▶ Read, Dirty, Sync in any number ──▶ Complete ──▶ destroyed, or Attach again when it is opened
//   anew
//
// One method at a time is called, so none may block for long: the guest's other objects wait behind it. A request may
// be kept and answered from any thread, but in bounded time: a device that is reset waits for its requests. The
// destructor answers what is left.
class PageSource {
 public:
  PageSource() = default;
  PageSource(const PageSource&) = delete;
  PageSource& operator=(const PageSource&) = delete;
  virtual ~PageSource() = default;

  // As of now: asked when the object is opened, before the guest makes its VMO. Later changes of size come from the
  // guest (VmoControl::QueryVmoStats).
  [[nodiscard]] virtual ObjectInfo info() const = 0;

  // What tells this content from that of another time, as one short line: as long as it is the same, nobody else has
  // changed what Read gives. Empty: there is no telling. As info, as of now.
  [[nodiscard]] virtual std::string content_version() const { return {}; }

  // The guest has a VMO of this object. `vmo` is of use until Complete has been answered, or until its operations give
  // ZX_ERR_PEER_CLOSED.
  virtual void Attach(std::shared_ptr<VmoControl> vmo) { static_cast<void>(vmo); }

  // Precondition: the range lies inside the object.
  virtual void Read(ReadRequest request) = 0;

  // Comes for objects that trap it only. The default lets all writes go on.
  virtual void Dirty(DirtyRequest request) { request.Complete(ZX_OK); }

  // Write back what is dirty, durably (Writeback::Flush). The default is for objects that keep nothing for good.
  virtual void Sync(SyncRequest request) { request.Complete(ZX_ERR_NOT_SUPPORTED); }

  // The last chance to write back what is dirty. The default has nothing to write back.
  virtual void Complete(CompleteRequest request) { request.Complete(ZX_OK); }
};

// The objects of one guest: a process that serves several makes a Pager for each.
class Pager {
 public:
  Pager() = default;
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;
  virtual ~Pager() = default;

  // `path` is what follows "NAME/" in the name that the guest opened; empty for NAME itself. It comes from the guest:
  // up to 255 bytes of anything. ZX_ERR_NOT_FOUND when the pager serves no such object. Two opens that get the same
  // PageSource share one VMO in the guest. One thread at a time.
  virtual base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view path) = 0;

  // The names in the directory `path` (from the guest, as for Open; empty for the pager itself), in no particular
  // order; those of directories end in '/'. ZX_ERR_NOT_SUPPORTED: this pager has no directories. One thread at a time.
  virtual base::Result<std::vector<std::string>, zx_status_t> List(std::string_view path) {
    static_cast<void>(path);
    return base::Failure{ZX_ERR_NOT_SUPPORTED};
  }

  // The same for a pager that has to ask somebody else first, so that the guest's other opens do not wait for that:
  // returns at once; the handler is called exactly once, on any thread, also inside the call. The defaults call the
  // above. One thread at a time.
  using OpenHandler = std::function<void(base::Result<std::shared_ptr<PageSource>, zx_status_t>)>;
  using ListHandler = std::function<void(base::Result<std::vector<std::string>, zx_status_t>)>;
  virtual void StartOpen(std::string_view path, OpenHandler handler) { handler(Open(path)); }
  virtual void StartList(std::string_view path, ListHandler handler) { handler(List(path)); }

  // The guest does not run any more: its memory matters to nobody. Any thread.
  virtual void OnGuestEnded() {}
};

}  // namespace pager
