// The text form of a pager, as `--pager` takes it: NAME=KIND:ARGUMENT[,OPTION...]
//
//   f=file:/usr/bin/bash,ro     the file /usr/bin/bash as object "f", read-only
//   d=dir:/srv,writeback=1s     the files below /srv as objects "d/PATH"; serve_options.h has the options
//   b=blob:/srv/b.blob          what `pagoda blob create` packed, compressed and verified. With root=HEX only what that
//                               command printed this root for
//   o=overlay:/srv/new,/srv/old the file /srv/old, and in /srv/new, which is made when it is missing, what the guest
//                               writes. The lower may be a blob: o=overlay:/srv/new,blob:/srv/b.blob
//   z=zero:64M                  64 MiB of zeros
//   n=nbd:URI                   an export of an NBD server, such as nbd://localhost/disk, or
//                               nbd+unix:///disk?socket=/run/nbd.sock. Options: ro, writeback, dirty-limit, reconnect=T
//   f=unix:/run/f.sock          what the pager process at that socket serves (`pagoda pager`). With reconnect=T
//                               requests wait that long for a new one when it has gone, else 10 s. With share-memory
//                               it gets all of guest RAM, to fill pages in place
//
// A comma inside the argument or an option is written twice. `pagoda pager` takes the part behind the '='.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "devices/core/error.h"
#include "devices/pager/page_source.h"
#include "devices/pager/registry.h"
#include "shared/base/result.h"

namespace pager {

namespace remote {
class MemoryGrant;
}

struct PagerSpec {
  std::string name;
  std::string kind;
  std::string argument;
  std::vector<std::string> options;
};

// Pure: looks at the text only. The error names what is wrong and what the form is.
base::Result<PagerSpec, dev::Error> ParsePagerSpec(std::string_view text);
// The same without "NAME=": the name is empty.
base::Result<PagerSpec, dev::Error> ParseUnnamedPagerSpec(std::string_view text);

// Whether the pager is to have guest memory, which CreatePager then needs.
[[nodiscard]] bool WantsGuestMemory(const PagerSpec& spec);

// Guest memory to share with pagers that want it; null: there is none.
using GuestMemoryToShare = std::shared_ptr<const remote::MemoryGrant>;

// Makes the pager, opening what it serves. Errors: unknown kind or option, and what the kind's own Create says.
// `runtime` outlives the pager and its page sources.
base::Result<std::unique_ptr<Pager>, dev::Error> CreatePager(const PagerSpec& spec, Runtime& runtime,
                                                             const GuestMemoryToShare& memory = nullptr);

// Makes a pager on the registry's own threads and registers it.
base::Result<void, dev::Error> AddPager(const PagerSpec& spec, Registry& registry,
                                        const GuestMemoryToShare& memory = nullptr);

}  // namespace pager
