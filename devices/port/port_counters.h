// What a port device has done since it was made.
#pragma once

#include <cstdint>

namespace dev {

struct PortCounters {
  uint64_t opens = 0;           // that succeeded
  uint64_t reads = 0;           // handed to a page source
  uint64_t requests = 0;        // other requests handed to a page source
  uint64_t rejected = 0;        // requests that were answered with an error without asking a page source
  uint64_t operations = 0;      // sent to the guest
  uint64_t bad_answers = 0;     // the guest's answers that made no sense
  uint64_t unfit_statuses = 0;  // page sources' answers with a status that a request cannot have
  uint64_t overdue = 0;         // times that a request was found to be overdue
  uint64_t sleeps = 0;          // times the service thread went to sleep
};

}  // namespace dev
