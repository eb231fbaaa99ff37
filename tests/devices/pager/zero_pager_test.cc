// Zeros on demand.
#include "devices/pager/zero/zero_pager.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <memory>
#include <string>

#include "tests/devices/support/recording_answer.h"

namespace {

TEST(ZeroPager, PagesAreZeros) {
  pager::ZeroPager pager(4 * base::kPageSize);
  const auto source = pager.Open("").value();
  EXPECT_EQ(source->info().size, 4 * base::kPageSize);
  test::PageBuffer buffer(3);
  test::AnswerRecord record;
  source->Read({base::kPageSize, buffer.Pieces({1, 2}), std::make_unique<test::RecordingAnswer>(record)});
  EXPECT_EQ(record.status, ZX_OK);
  EXPECT_TRUE(buffer.text() == std::string(3 * base::kPageSize, '\0'));
}

TEST(ZeroPager, OpenObjectIsShared) {
  pager::ZeroPager pager(base::kPageSize);
  const auto source = pager.Open("").value();
  EXPECT_EQ(pager.Open("").value(), source);
  EXPECT_EQ(pager.Open("x").error(), ZX_ERR_NOT_FOUND);
}

}  // namespace
