// A guest with a debugger's port, and real gdbs that connect to it.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/integration/fixture.h"
#include "tests/integration/process.h"

namespace integration {

// Skips, as all guest tests, where there is no KVM; and where there is no gdb, unless REQUIRE_GDB=1.
class DebuggedGuest : public GuestTest {
 protected:
  void SetUp() override;

  // Starts `program` with the port, and returns when a debugger can connect.
  void Start(const std::vector<std::string>& options, const std::vector<std::string>& program);
  [[nodiscard]] Process& guest() { return *guest_; }

  // As a gdb does that nobody has told where to look: the kernel's and the programs' files come through the monitor.
  // Otherwise it opens them itself, which is quicker by a second.
  void TakeFilesOverTheWire() { sysroot_ = "target:"; }

  // The arguments of a gdb in batch mode that connects and executes `commands`.
  [[nodiscard]] std::vector<std::string> Gdb(const std::vector<std::string>& commands) const;
  // Runs it; both its outputs in one text.
  std::string Debug(const std::vector<std::string>& commands);

 private:
  std::string sysroot_;
  std::optional<Process> guest_;
};

// Whether `parts` are in `text`, in this order, and if not, which is the first that is missing.
[[nodiscard]] testing::AssertionResult Shows(const std::string& text, const std::vector<std::string>& parts);

}  // namespace integration
