// Writeback against a guest that does anything at any moment, and a medium that fails now and then. At every step a
// page that the guest holds clean can be dropped, so the target must have all of it; and once nothing fails any more,
// one pass brings target and guest together.
#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "devices/pager/writeback_pass.h"
#include "tests/devices/support/fake_vmo.h"
#include "tests/devices/support/memory_target.h"

namespace {

using base::kPageSize;
using pager::WritebackResult;

constexpr uint64_t kMostPages = 12;
constexpr int kPasses = 12;
constexpr unsigned kSeeds = 150;

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {
    vmo_->max_ranges = 1 + Below(4);
    vmo_->max_lent_pages = 1 + Below(4);
    vmo_->before = [this](const std::string&) { Step(); };
    target_->decide = [this] {
      Step();
      return failing_ && Below(10) == 0 ? ZX_ERR_IO : ZX_OK;
    };
  }

  void Run() {
    for (int i = 0; i < kPasses; ++i) {
      Pass();
    }
    failing_ = false;
    busy_ = false;
    EXPECT_EQ(Pass().status, ZX_OK);
    EXPECT_EQ(vmo_->dirty(), "");
    EXPECT_TRUE(target_->content == vmo_->text().substr(0, vmo_->content_size()));
    EXPECT_EQ(vmo_->leases(), 0);
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  WritebackResult Pass() {
    boost::asio::io_context context;
    const auto durability = Below(2) == 0 ? pager::Durability::kDurable : pager::Durability::kWritten;
    pager::WritebackPass pass(vmo_, target_, known_size_, false, durability);
    WritebackResult result{.status = ZX_ERR_INTERNAL};
    boost::asio::co_spawn(context, pass.Run(),
                          [&result](const std::exception_ptr&, WritebackResult ended) { result = ended; });
    context.run();
    known_size_ = result.content_size;
    return result;
  }

  void Step() {
    CheckCleanPages();
    if (busy_ && Below(3) == 0) {
      Act();
    }
  }

  void Act() {
    const uint64_t pages = vmo_->clean().size();
    const uint64_t page = pages == 0 ? 0 : Below(pages);
    switch (Below(4)) {
      case 0:
        vmo_->Resize(Below(kMostPages * kPageSize));
        return;
      case 1:
        vmo_->Zero(page, pages == 0 ? 0 : 1 + Below(pages - page));
        return;
      default:
        Write(page * kPageSize + Below(kPageSize));
    }
  }

  // Up to three pages of one letter, inside the content.
  void Write(uint64_t offset) {
    const uint64_t content = vmo_->content_size();
    const uint64_t room = content - std::min(content, offset);
    vmo_->Write(offset, std::string(std::min(room, Below(3 * kPageSize)), static_cast<char>('a' + Below(26))));
  }

  void CheckCleanPages() {
    const std::string text = vmo_->text();
    const std::vector<bool> clean = vmo_->clean();
    std::string stored = target_->content;
    stored.resize(std::max(stored.size(), text.size()), '\0');  // what a longer target will read as
    for (uint64_t page = 0; page < clean.size(); ++page) {
      const uint64_t from = page * kPageSize;
      const uint64_t length = std::min(kPageSize, vmo_->content_size() - std::min(vmo_->content_size(), from));
      if (clean[page]) {
        ASSERT_TRUE(text.compare(from, length, stored, from, length) == 0) << "page " << page;
      }
    }
  }

  std::mt19937 random_;
  bool failing_ = true;
  bool busy_ = true;
  uint64_t known_size_ = kMostPages * kPageSize / 2;
  std::shared_ptr<test::FakeVmo> vmo_ = std::make_shared<test::FakeVmo>(known_size_);
  std::shared_ptr<test::MemoryTarget> target_ = std::make_shared<test::MemoryTarget>(std::string(known_size_, '\0'));
};

TEST(WritebackModel, CleanPagesAreAlwaysInTheTarget) {
  for (unsigned seed = 0; seed < kSeeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Model(seed).Run();
  }
}

}  // namespace
