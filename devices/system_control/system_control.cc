#include "devices/system_control/system_control.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <thread>

#include "shared/abi/system_control.h"

namespace dev {

namespace {

template <typename T>
std::optional<T> ValueOf(std::span<const std::byte> data) {
  if (data.size() != sizeof(T)) {
    return std::nullopt;
  }
  T value;
  std::memcpy(&value, data.data(), sizeof(value));
  return value;
}

}  // namespace

void SystemControl::ReadRegister(uint64_t /*offset*/, std::span<std::byte> data) {
  std::fill(data.begin(), data.end(), std::byte{0});
}

void SystemControl::WriteRegister(uint64_t offset, std::span<const std::byte> data) {
  const auto word = ValueOf<uint32_t>(data);
  const auto long_word = ValueOf<uint64_t>(data);
  if (offset == abi::kSystemControlExit && word) {
    handler_.OnExit(*word);
  } else if (offset == abi::kSystemControlCpuStart && word) {
    handler_.OnCpuStart(*word);
  } else if (offset == abi::kSystemControlCpuRoot && long_word) {
    handler_.OnCpuRoot(*long_word);
  } else if (offset == abi::kSystemControlCrash && long_word) {
    handler_.OnCrash(*long_word);
  } else if (offset == abi::kSystemControlDebugArea && long_word) {
    handler_.OnDebugArea(*long_word);
  } else if (offset == abi::kSystemControlCodeMapped && long_word) {
    handler_.OnCodeMapped(*long_word);
  } else if (offset == abi::kSystemControlObservation && long_word) {
    handler_.OnObservation(*long_word);
  } else if (offset == abi::kSystemControlFault && long_word) {
    handler_.OnUserFault(*long_word);
  } else if (offset == abi::kSystemControlYield && word) {
    std::this_thread::yield();  // this is the vCPU's thread
  } else {
    ignored_writes_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace dev
