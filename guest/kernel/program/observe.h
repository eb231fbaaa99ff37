// Lets the monitor watch this kernel, as far as it has asked for it (abi::BootInfo::observe).
#pragma once

#include <stdint.h>

namespace gk::program {

// `wanted`: abi::kObserve*. Once, when SystemControl is up. Where there is no memory for events there are none.
void StartObservation(uint32_t wanted);

}  // namespace gk::program
