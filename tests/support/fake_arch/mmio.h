// Device registers in an ordinary process: a model answers where the kernel believes registers to be mapped.
#pragma once

#include <cstdint>

#include "guest/kernel/arch/types.h"

namespace gk::fake_arch {

// What stands behind a range of registers. Called by the thread that executes kernel code; offsets are relative to the
// window.
class RegisterModel {
 public:
  RegisterModel() = default;
  RegisterModel(const RegisterModel&) = delete;
  RegisterModel& operator=(const RegisterModel&) = delete;
  virtual ~RegisterModel() = default;

  virtual uint32_t Read32(uint64_t offset) = 0;
  virtual void Write32(uint64_t offset, uint32_t value) = 0;
  virtual void Write64(uint64_t offset, uint64_t value) = 0;
};

// Makes `model` answer at an address of its own, for as long as the window lives. An access outside of every window is
// a kernel panic.
class RegisterWindow {
 public:
  static constexpr uint64_t kSize = 4096;

  explicit RegisterWindow(RegisterModel& model);
  // At an address that the caller chooses, page-aligned: where the kernel has mapped the registers itself.
  RegisterWindow(RegisterModel& model, VirtualAddress address);
  RegisterWindow(const RegisterWindow&) = delete;
  RegisterWindow& operator=(const RegisterWindow&) = delete;
  ~RegisterWindow();

  [[nodiscard]] VirtualAddress address() const { return address_; }

 private:
  VirtualAddress address_;
};

}  // namespace gk::fake_arch
