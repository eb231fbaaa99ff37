// What becomes of a guest whose pager does not answer in time (--pager-timeout).
#include <memory>
#include <string>

#include "tests/devices/support/manual_pager.h"
#include "tests/host_pager/puppet_machine.h"

namespace host_pager {
namespace {

constexpr std::chrono::milliseconds kTimeout(700);

class HostPagerTimeout : public HostPagerTest {
 protected:
  [[nodiscard]] std::unique_ptr<PuppetMachine> MakeGuest(std::shared_ptr<HeldSource> source) override {
    return std::make_unique<PuppetMachine>(
        [source](const vmm::GuestRam& /*ram*/) { return std::make_unique<OnePager>(source); },
        vmm::GuestRam::Sharing::kPrivate,
        dev::PortOptions{.overdue_after = kTimeout,
                         .fail_overdue = true,
                         .on_overdue = [this](const dev::PortOverdueRequest& overdue) { reports_.Put(overdue); }});
  }
  // The next report about a request of this kind, waited for.
  dev::PortOverdueRequest NextReport(pagoda::abi::PortRequestKind kind) {
    while (true) {
      dev::PortOverdueRequest report = reports_.Take();
      if (report.request.kind == kind) {
        return report;
      }
    }
  }

 private:
  test::RequestBox<dev::PortOverdueRequest> reports_;
};

TEST_F(HostPagerTimeout, ReaderTimesOutAndTheReportSaysOfWhatWhileOtherPagesGoOn) {
  const int late = guest().Start("read 0 1");
  std::optional<pager::ReadRequest> held = source().NextRead();
  ASSERT_TRUE(held);
  const int other = guest().Start("load 5");
  EXPECT_TRUE(source().FillsRead(5, 1));
  EXPECT_EQ(guest().Result(other), (Outcome{"ZX_OK", FilledWord(5)}));
  EXPECT_EQ(guest().Result(late).status, "ZX_ERR_TIMED_OUT");
  const dev::PortOverdueRequest report = NextReport(pagoda::abi::PortRequestKind::kRead);
  EXPECT_EQ(report.name, "x");
  EXPECT_EQ(report.request.offset, 0u);
  EXPECT_GE(report.request.length, kPageSize);
  EXPECT_GE(report.age, kTimeout);
  EXPECT_TRUE(report.failed);
  EXPECT_EQ(guest().Do("load 5"), (Outcome{"ZX_OK", FilledWord(5)}));

  // The late answer does no harm, and the page is asked for anew.
  held->Complete(ZX_OK);
  const int again = guest().Start("read 0 1");
  EXPECT_TRUE(source().FillsRead(0, 1));
  EXPECT_EQ(guest().Result(again), (Outcome{"ZX_OK", FilledWord(0)}));
}

TEST_F(HostPagerTimeout, LoadThroughAMappingFaultsWithTheStatus) {
  const int late = guest().Start("load 2");
  std::optional<pager::ReadRequest> held = source().NextRead();
  ASSERT_TRUE(held);
  EXPECT_EQ(guest().Result(late).status, "ZX_ERR_TIMED_OUT");
}

TEST_F(HostPagerTimeout, CompleteThatIsNeverAnsweredDoesNotKeepTheMachineFromEnding) {
  EndGuest();
  const dev::PortOverdueRequest report = NextReport(pagoda::abi::PortRequestKind::kComplete);
  EXPECT_EQ(report.name, "x");
  EXPECT_TRUE(report.failed);
  EXPECT_TRUE(source().AnswersComplete()) << "too late, and of no consequence";
}

}  // namespace
}  // namespace host_pager
