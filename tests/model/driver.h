// Random operations on a machine, each compared with the reference. The same seed gives the same operations.
#pragma once

#include <stdint.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/model/machine.h"
#include "tests/model/reference.h"

namespace model {

// Where the random choices come from: a generator, or the bytes of a fuzzer.
class Choices {
 public:
  virtual ~Choices() = default;
  virtual uint64_t Next() = 0;
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
};

// SplitMix64 (Steele, Lea, Flood 2014): the state is a counter, so every seed is a good one.
class RandomChoices final : public Choices {
 public:
  explicit RandomChoices(uint64_t seed) : state_(seed) {}
  uint64_t Next() override {
    uint64_t value = state_ += 0x9e37'79b9'7f4a'7c15;
    value = (value ^ value >> 30) * 0xbf58'476d'1ce4'e5b9;
    value = (value ^ value >> 27) * 0x94d0'49bb'1331'11eb;
    return value ^ value >> 31;
  }

 private:
  uint64_t state_;
};

class Driver {
 public:
  static constexpr uint64_t kMaxPages = 24;  // of a VMO

  Driver(Machine& machine, Choices& choices) : machine_(machine), choices_(choices) {}

  // One operation. False: machine and reference differ, `difference()` says how.
  bool Step();
  // Closes and unmaps everything.
  void Finish();

  [[nodiscard]] const std::string& difference() const { return difference_; }
  // How many operations succeeded, for a look at what a run was worth.
  [[nodiscard]] uint64_t successes() const { return successes_; }

 private:
  using Operation = void (Driver::*)();

  // driver.cc
  void Create();
  void CreateChild();
  void Close();
  void Resize();
  void ReadOrWrite();
  void OpRange();
  void LookAtFamily();
  // driver_space.cc
  void Map();
  void Unmap();
  void Protect();
  void Touch();
  void Copy();
  void Inspect();

  zx_status_t ExpectedOfChild(const Vmo& parent, uint32_t options, uint64_t offset, uint64_t size) const;
  void AddChild(int slot, Vmo& parent, uint32_t options, uint64_t offset, uint64_t size);

  // Slots that are used, or not; -1: there is none.
  int AnySlot(bool used);
  uint32_t AnyAccess();
  std::vector<uint8_t> AnyBytes(size_t length);
  size_t AnyLength();

  // Both remember the first difference. True: equal.
  bool Same(const char* what, int64_t expected, int64_t found);
  void Differ(const char* what, int64_t expected, int64_t found);

  Machine& machine_;
  Choices& choices_;
  std::shared_ptr<Vmo> vmos_[Machine::kSlots];
  Space spaces_[Machine::kSpaces];
  std::string difference_;
  uint64_t successes_ = 0;
};

}  // namespace model
