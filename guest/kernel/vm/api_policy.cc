#include "guest/kernel/vm/api_policy.h"

namespace gk {

constinit bool debugging_syscalls = false;

}  // namespace gk
