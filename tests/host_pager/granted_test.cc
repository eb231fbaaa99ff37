// A pager process to which the guest's memory is granted, in the test's process but for that.
#include <memory>
#include <thread>

#include "devices/pager/remote/remote_pager.h"
#include "devices/pager/remote/server.h"
#include "tests/devices/support/recording_reports.h"
#include "tests/devices/support/temporary_directory.h"
#include "tests/host_pager/puppet_machine.h"

namespace host_pager {
namespace {

namespace remote = pager::remote;

class HostPagerWithGuestMemory : public HostPagerTest {
 protected:
  ~HostPagerWithGuestMemory() override {
    if (server_ != nullptr) {
      server_->Stop();
      serving_.join();
    }
  }

  [[nodiscard]] std::unique_ptr<PuppetMachine> MakeGuest(std::shared_ptr<HeldSource> source) override {
    const auto one_pager = [source] {
      return base::Result<std::unique_ptr<pager::Pager>, dev::Error>(std::make_unique<OnePager>(source));
    };
    server_ = remote::Server::Create(one_pager, socket_, reports_.handler()).value();
    serving_ = std::thread([this] { server_->Run(); });
    return std::make_unique<PuppetMachine>(
        [this](const vmm::GuestRam& ram) {
          auto grant = remote::MemoryGrant::Create(ram.shared_fd(), ram.regions()).value();
          auto attached = remote::RemotePager::Create({.path = socket_,
                                                       .patience = std::chrono::seconds(30),
                                                       .grant = std::move(grant),
                                                       .report = reports_.handler()})
                              .value();
          attached_ = attached.get();
          return attached;
        },
        vmm::GuestRam::Sharing::kShared);
  }
  // Of the connection, while the machine runs.
  [[nodiscard]] remote::LinkCounters counters() const { return attached_->counters(); }

 private:
  test::TemporaryDirectory directory_;
  const std::string socket_ = directory_.Path("socket");
  test::RecordingReports reports_;
  std::unique_ptr<remote::Server> server_;
  std::thread serving_;
  remote::RemotePager* attached_ = nullptr;
};

TEST_F(HostPagerWithGuestMemory, FillsTheGuestsPagesAndNoByteGoesThroughTheArena) {
  for (const uint64_t page : {uint64_t{2}, uint64_t{5}}) {
    const int read = guest().Start("read " + std::to_string(page) + " 1");
    EXPECT_TRUE(source().FillsRead(page, 1));
    EXPECT_EQ(guest().Result(read), (Outcome{"ZX_OK", FilledWord(page)}));
  }
  EXPECT_GE(counters().in_place_bytes, 2 * kPageSize);
  EXPECT_EQ(counters().arena_bytes, 0u);
  EXPECT_EQ(counters().file_bytes, 0u);
  EXPECT_EQ(counters().violations, 0u);
}

TEST_F(HostPagerWithGuestMemory, PageIsNotSeenBeforeItsAnswerAndNotAtAllIfThatIsAFailure) {
  const int read = guest().Start("load 3");
  std::optional<pager::ReadRequest> request = source().NextRead();
  ASSERT_TRUE(request);
  *static_cast<volatile uint64_t*>(request->pages().front().iov_base) = 0xbad;
  request->Complete(ZX_ERR_IO);
  EXPECT_EQ(guest().Result(read).status, "ZX_ERR_IO");
  const int again = guest().Start("load 3");
  EXPECT_TRUE(source().FillsRead(3, 1));
  EXPECT_EQ(guest().Result(again), (Outcome{"ZX_OK", FilledWord(3)}));
}

}  // namespace
}  // namespace host_pager
