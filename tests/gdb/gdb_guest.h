// A guest in a real machine, and a real gdb that looks at it as a person does: in batch mode, without any start-up
// file.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/fixture.h"
#include "tests/integration/process.h"

namespace gdb_test {

class GdbGuestTest : public integration::GuestTest {
 protected:
  void SetUp() override;

  // Starts a machine that waits for gdb before the guest's first instruction.
  void Start(const std::vector<std::string>& options, const std::vector<std::string>& program);

  // Connects, runs the commands and disconnects. One answer for each command, errors included.
  std::vector<std::string> Gdb(const std::vector<std::string>& commands);

  // After gdb has gone the guest goes on; what it printed, and how it ended.
  integration::Ending WaitForGuest() { return guest_->Wait(); }

 private:
  [[nodiscard]] std::string socket() const { return files_.path("gdb").string(); }

  std::unique_ptr<integration::Process> guest_;
};

}  // namespace gdb_test
