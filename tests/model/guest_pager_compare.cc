// What the kernel says of the pager's VMO and its copy, compared with what the reference says.
#include <zircon/syscalls/pager.h>

#include <vector>

#include "tests/model/guest_pager_model.h"

namespace model {
namespace {

void PrintRuns(const char* what, const std::vector<DirtyRun>& runs) {
  printf("dirty, %s:", what);
  for (const DirtyRun& run : runs) {
    printf(" [%lu,%lu)%s", run.first, run.end, run.zero ? "Z" : "");
  }
  printf("\n");
}

}  // namespace

bool PagerModel::CompareModified() {
  zx_pager_vmo_stats_t stats = {};
  EXPECT_OK(pager_.query_vmo_stats(root_.vmo(), ZX_PAGER_RESET_VMO_STATS, &stats, sizeof(stats)));
  const Modified expected = reference_.TakeModified();
  const uint32_t bit = expected == Modified::kYes ? ZX_PAGER_VMO_STATS_MODIFIED : 0;
  return expected == Modified::kUnknown || stats.modified == bit || Complain("modified", bit, stats.modified);
}

bool PagerModel::CompareDirtyRuns() {
  const std::vector<DirtyRun> expected = reference_.DirtyRuns();
  zx_vmo_dirty_range_t actual[kMaxPages];
  size_t count = 0;
  EXPECT_OK(pager_.query_dirty_ranges(root_.vmo(), 0, reference_.size() * kPageSize, actual, sizeof(actual), &count,
                                      nullptr));
  std::vector<DirtyRun> runs;
  for (size_t i = 0; i < count; ++i) {
    runs.push_back({actual[i].offset / kPageSize, (actual[i].offset + actual[i].length) / kPageSize,
                    actual[i].options == ZX_VMO_DIRTY_RANGE_IS_ZERO});
  }
  if (runs == expected) {
    return true;
  }
  PrintRuns("expected", expected);
  PrintRuns("actual", runs);
  return false;
}

bool PagerModel::Compare() {
  zx_port_packet_t packet = {};
  if (port_.wait(zx::time::infinite_past(), &packet) == ZX_OK) {
    printf("request that nobody needs: command %u first %lu count %lu\n", packet.page_request.command,
           packet.page_request.offset / kPageSize, packet.page_request.length / kPageSize);
    return false;
  }
  if (!CompareDirtyRuns()) {
    return false;
  }
  if (const uint64_t actual = root_.CommittedPages(); actual != reference_.CommittedPages()) {
    return Complain("committed pages", reference_.CommittedPages(), actual);
  }
  if (const uint64_t actual = clone_->CommittedPages(); actual != reference_.CloneCommittedPages()) {
    return Complain("committed pages of the copy", reference_.CloneCommittedPages(), actual);
  }
  if (const uint64_t page = Below(reference_.size());
      reference_.state(page) != PagerPage::kAbsent && root_.word(page) != reference_.word(page)) {
    return Complain("word", reference_.word(page), root_.word(page));
  }
  const uint64_t page = Below(reference_.clone_size());
  const bool there = !reference_.SeenByClone(page) || reference_.state(page) != PagerPage::kAbsent;
  if (there && clone_->word(page) != reference_.CloneWord(page)) {
    return Complain("word of the copy", reference_.CloneWord(page), clone_->word(page));
  }
  return true;
}

}  // namespace model
