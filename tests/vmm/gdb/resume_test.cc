#include "vmm/gdb/resume.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/vmm/gdb/support/fake_target.h"

namespace gdb_test {
namespace {

using gdb::ErrorCode;
using Kind = gdb::ResumeAction::Kind;

std::string Describe(const std::vector<gdb::ResumeAction>& actions) {
  std::string text;
  for (const gdb::ResumeAction& action : actions) {
    text += std::to_string(action.thread);
    text += action.kind == Kind::kContinue ? "c" : action.kind == Kind::kStep ? "s" : "r";
    if (action.kind == Kind::kStepRange) {
      text += std::to_string(action.range_start) + "-" + std::to_string(action.range_end);
    }
    if (action.signal != gdb::Signal::kNone) {
      text += "!" + std::to_string(static_cast<int>(action.signal));
    }
    text += " ";
  }
  return text;
}

class ResumeTest : public testing::Test {
 protected:
  std::string VCont(std::string_view text) {
    const auto actions = gdb::ParseVCont(text, target_.Threads());
    return actions.ok() ? Describe(*actions) : "error " + std::to_string(static_cast<int>(actions.error().code));
  }
  std::string Legacy(std::string_view text) {
    const auto wanted = gdb::ParseLegacyResume(text, context_, target_.Threads());
    if (!wanted.ok()) {
      return "error " + std::to_string(static_cast<int>(wanted.error().code));
    }
    return Describe(wanted->actions) + (wanted->address ? "at " + std::to_string(*wanted->address) : "");
  }

  FakeTarget target_{3};
  gdb::SessionContext context_{target_};
};

TEST_F(ResumeTest, GivesEachThreadItsLeftmostAction) {
  EXPECT_EQ(VCont(";c"), "1c 2c 3c ");
  EXPECT_EQ(VCont(";s:2;c"), "1c 2s 3c ");
  EXPECT_EQ(VCont(";s:2"), "2s ");
  EXPECT_EQ(VCont(";c;s:2"), "1c 2c 3c ");
  EXPECT_EQ(VCont(";t:1;c:-1"), "2c 3c ");
  EXPECT_EQ(VCont(";C0b:3;S05:1;c"), "1s!5 2c 3c!11 ");
  EXPECT_EQ(VCont(";r10,20:1"), "1r16-32 ");
}

TEST_F(ResumeTest, RefusesWhatIsNotInTheProtocol) {
  for (const char* text : {"", ";", ";;", ";x", ";c:", ";c:x", ";C", ";C100", ";Czz", ";r", ";r1", ";r1,",
                           ";r1,2:", ";s;", ";c1", ";c:1:2", "c"}) {
    const std::string answer = VCont(text);
    EXPECT_TRUE(answer == "error 22" || std::string_view(text) == ";s;") << text << ": " << answer;
  }
  EXPECT_EQ(VCont(";c:9"), "error 3");
  EXPECT_EQ(VCont(";t"), "error 22") << "nothing would run";
}

TEST_F(ResumeTest, StepsOneThreadAndContinuesTheOthersForOldClients) {
  EXPECT_EQ(Legacy("c"), "1c 2c 3c ");
  EXPECT_EQ(Legacy("s"), "1s 2c 3c ");
  EXPECT_EQ(Legacy("C0b"), "1c!11 2c 3c ");
  EXPECT_EQ(Legacy("S05;40"), "1s!5 2c 3c at 64");
  EXPECT_EQ(Legacy("c40"), "1c 2c 3c at 64");
  context_.resume_thread = 2;
  EXPECT_EQ(Legacy("s"), "2s ");
  EXPECT_EQ(Legacy("c"), "2c ");
}

TEST_F(ResumeTest, RefusesWrongOldPackets) {
  for (const char* text : {"cx", "c40;", "s,", "C", "Czz", "C05;", "C05,40", "S05;x"}) {
    EXPECT_EQ(Legacy(text), "error 22") << text;
  }
  context_.resume_thread = 9;
  EXPECT_EQ(Legacy("c"), "error 3");
}

}  // namespace
}  // namespace gdb_test
