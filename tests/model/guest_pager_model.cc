// A program that is its own pager, under random operations, beside the reference: a thread touches a VMO and a copy on
// write of it in all ways there are, and this one gets the requests that the reference foresees, one by one, and
// answers them in all ways there are. After each operation dirty ranges, memory and contents are compared.
//
//   pager-model [--seed=N] [--operations=N]    (and zxtest's options)
#include <stdlib.h>
#include <string.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/pager.h>

#include <utility>

#include "tests/model/guest_pager_model.h"

namespace model {

zx::vmo PagerModel::CreateRoot(bool traps) {
  EXPECT_OK(zx::port::create(0, &port_));
  EXPECT_OK(zx::pager::create(0, &pager_));
  zx::vmo vmo;
  EXPECT_OK(pager_.create_vmo(ZX_VMO_RESIZABLE | (traps ? ZX_VMO_TRAP_DIRTY : 0), port_, kKey,
                              reference_.size() * kPageSize, &vmo));
  return vmo;
}

void PagerModel::MakeClone() {
  zx::vmo vmo;
  EXPECT_OK(root_.vmo().create_child(ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, reference_.size() * kPageSize, &vmo));
  clone_ = std::make_unique<MappedVmo>(std::move(vmo));
  reference_.MakeClone();
}

// ---- Answers

bool PagerModel::Supply(Range range) {
  zx::vmo source;
  EXPECT_OK(zx::vmo::create(range.count * kPageSize, 0, &source));
  for (uint64_t i = 0; i < range.count; ++i) {
    if (Below(4) == 0) {
      reference_.Supply(range.first + i, PagerPage::kCleanZero, 0);
      continue;
    }
    const uint64_t word = next_word_++;
    EXPECT_OK(source.write(&word, i * kPageSize, sizeof(word)));
    reference_.Supply(range.first + i, PagerPage::kClean, word);
  }
  return IsOk("zx_pager_supply_pages",
              pager_.supply_pages(root_.vmo(), range.first * kPageSize, range.count * kPageSize, source, 0));
}

bool PagerModel::Dirty(Range range) {
  reference_.Dirty(range.first, range.end());
  return Op(ZX_PAGER_OP_DIRTY, range);
}

bool PagerModel::Resize(uint64_t pages) {
  reference_.Resize(pages);
  return IsOk("zx_vmo_set_size", root_.vmo().set_size(pages * kPageSize));
}

bool PagerModel::Reply(const PagerAccess& access, const Step& step, Answer* answer) {
  const bool by_mapping =
      access.kind == AccessKind::kLoad || access.kind == AccessKind::kStore || access.kind == AccessKind::kCloneLoad;
  const uint64_t choice = Below(16);
  *answer = Answer::kGiven;
  if (choice == 0 && !by_mapping) {
    *answer = Answer::kFailed;
    return Op(ZX_PAGER_OP_FAIL, {step.first, 1 + Below(step.count)}, static_cast<uint64_t>(int64_t{ZX_ERR_IO}));
  }
  if (choice == 1 && !by_mapping && step.first != 0) {
    // The page that it waits for goes. A copy shows zeros there and goes on.
    *answer = access.kind >= AccessKind::kCloneRead ? Answer::kGiven : Answer::kEndedByResize;
    return Resize(1 + Below(step.first));
  }
  const uint64_t piece = choice < 6 ? 1 + Below(step.count) : step.count;
  const Range ranges[] = {{step.first, piece}, {step.first + piece, step.count - piece}};
  for (const Range& range : ranges) {
    if (range.count != 0 && !(step.kind == StepKind::kRead ? Supply(range) : Dirty(range))) {
      return false;
    }
  }
  return true;
}

bool PagerModel::TakePacket(const Step& step) {
  zx_port_packet_t expected = {};
  expected.key = kKey;
  expected.type = ZX_PKT_TYPE_PAGE_REQUEST;
  expected.page_request.command = step.kind == StepKind::kRead ? ZX_PAGER_VMO_READ : ZX_PAGER_VMO_DIRTY;
  expected.page_request.offset = step.first * kPageSize;
  expected.page_request.length = step.count * kPageSize;
  zx_port_packet_t packet = {};
  if (!IsOk("waiting for a request", port_.wait(zx::time(zx_deadline_after(kPatience)), &packet))) {
    printf("expected: command %u first %lu count %lu\n", expected.page_request.command, step.first, step.count);
    return false;
  }
  if (memcmp(&packet, &expected, sizeof(packet)) != 0) {
    printf("request: command %u first %lu count %lu instead of command %u first %lu count %lu\n",
           packet.page_request.command, packet.page_request.offset / kPageSize, packet.page_request.length / kPageSize,
           expected.page_request.command, step.first, step.count);
    return false;
  }
  return true;
}

// ---- Operations

// Waits for either of the two things that a load may do where a mapping may still show the zeros of before a writeback.
bool PagerModel::EndsWithOldZeros(const PagerAccess& access, const Step& step) {
  const bool load = access.kind == AccessKind::kLoad || access.kind == AccessKind::kCloneLoad;
  if (!load || !reference_.MayShowZeros(step.first)) {
    return false;
  }
  const zx_time_t deadline = zx_deadline_after(kPatience);
  while (zx_clock_get_monotonic() < deadline) {
    if (toucher_.ended()) {
      return true;
    }
    zx_info_thread_t info = {};
    EXPECT_OK(zx_object_get_info(toucher_.thread(), ZX_INFO_THREAD, &info, sizeof(info), nullptr, nullptr));
    if (info.state == ZX_THREAD_STATE_BLOCKED_PAGER) {
      return false;
    }
  }
  return false;
}

bool PagerModel::Touch() {
  PagerAccess access{static_cast<AccessKind>(Below(kAccessKinds)), 0, 1, next_word_++};
  const bool of_clone = access.kind >= AccessKind::kCloneRead;
  const bool single =
      access.kind == AccessKind::kLoad || access.kind == AccessKind::kStore || access.kind == AccessKind::kCloneLoad;
  const Range range = RandomRange(of_clone ? reference_.clone_size() : reference_.size(), single ? 1 : kMaxPages);
  access.first = range.first;
  access.count = range.count;
  toucher_.Begin(access);
  PagerRun run(reference_, access);
  for (Step step = run.Next(); step.kind != StepKind::kDone; step = run.Next()) {
    if (EndsWithOldZeros(access, step)) {
      return toucher_.word(0) == 0 || Complain("word", 0, toucher_.word(0));
    }
    Answer answer = Answer::kGiven;
    if (!TakePacket(step) || !Reply(access, step, &answer)) {
      printf("while: kind %u first %lu count %lu\n", static_cast<unsigned>(access.kind), access.first, access.count);
      return false;
    }
    if (answer == Answer::kFailed) {
      return IsOk("a failed access", toucher_.WaitForEnd(), ZX_ERR_IO);
    }
    if (answer == Answer::kEndedByResize) {
      return IsOk("an access past the new end", toucher_.WaitForEnd(),
                  access.kind == AccessKind::kCommit ? ZX_OK : ZX_ERR_OUT_OF_RANGE);
    }
  }
  return CompareEnd(access, run);
}

bool PagerModel::CompareEnd(const PagerAccess& access, const PagerRun& run) {
  if (!IsOk("an access", toucher_.WaitForEnd())) {
    printf("it was: kind %u first %lu count %lu\n", static_cast<unsigned>(access.kind), access.first, access.count);
    return false;
  }
  for (uint64_t i = 0; i < run.words().size(); ++i) {
    if (toucher_.word(i) != run.words()[i]) {
      printf("page %lu of kind %u: ", access.first + i, static_cast<unsigned>(access.kind));
      return Complain("word", run.words()[i], toucher_.word(i));
    }
  }
  return true;
}

bool PagerModel::ZeroSomething() {
  const bool of_clone = Below(2) == 0;
  const Range range = RandomRange(of_clone ? reference_.clone_size() : reference_.size(), kMaxPages);
  if (of_clone) {
    reference_.ZeroClone(range.first, range.end());
  } else {
    reference_.Zero(range.first, range.end());
  }
  const zx::vmo& vmo = of_clone ? clone_->vmo() : root_.vmo();
  return IsOk("ZX_VMO_OP_ZERO",
              vmo.op_range(ZX_VMO_OP_ZERO, range.first * kPageSize, range.count * kPageSize, nullptr, 0));
}

bool PagerModel::Writeback() {
  if (Below(2) == 0) {
    reference_.EndWriteback();
    return Op(ZX_PAGER_OP_WRITEBACK_END, {0, reference_.size()});
  }
  const Range range = RandomRange(reference_.size(), kMaxPages);
  const bool zero_only = Below(2) == 0;
  reference_.BeginWriteback(range.first, range.end(), zero_only);
  return Op(ZX_PAGER_OP_WRITEBACK_BEGIN, range, zero_only ? ZX_VMO_DIRTY_RANGE_IS_ZERO : 0);
}

bool PagerModel::ActAsPager() {
  const Range range = RandomRange(reference_.size(), 8);
  if (Below(2) == 0) {
    return Supply(range);
  }
  if (!reference_.traps()) {
    return IsOk("ZX_PAGER_OP_DIRTY",
                pager_.op_range(ZX_PAGER_OP_DIRTY, root_.vmo(), range.first * kPageSize, kPageSize, 0),
                ZX_ERR_NOT_SUPPORTED);
  }
  if (reference_.state(range.first) == PagerPage::kAbsent) {
    return IsOk("ZX_PAGER_OP_DIRTY",
                pager_.op_range(ZX_PAGER_OP_DIRTY, root_.vmo(), range.first * kPageSize, kPageSize, 0),
                ZX_ERR_NOT_FOUND);
  }
  return Dirty({range.first, 1});
}

bool PagerModel::DoOne() {
  bool good = true;
  switch (const uint64_t choice = Below(20); choice) {
    case 0:
      MakeClone();
      break;
    case 1:
      good = Resize(1 + Below(kMaxPages));
      break;
    case 2:
    case 3:
      good = ZeroSomething();
      break;
    case 4:
    case 5:
    case 6:
      good = Writeback();
      break;
    case 7:
    case 8:
      good = ActAsPager();
      break;
    case 9:
      good = CompareModified();
      break;
    default:
      good = Touch();
  }
  return good && Compare();
}

namespace {

uint64_t seed = 20261128;
uint64_t operations = 20'000;

// Each part has a guest, and a minute, of its own.
constexpr uint64_t kParts = 8;

class PagerModelPart : public zxtest::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Part, PagerModelPart, zxtest::Range<uint64_t>(0, kParts));

TEST_P(PagerModelPart, AgreesWithTheReference) {
  printf("--seed=%lu --operations=%lu\n", seed, operations);
  const bool writes_ask = GetParam() % 2 != 0;
  PagerModel model(seed + GetParam(), writes_ask);
  for (uint64_t i = 0; i < operations / kParts; ++i) {
    ASSERT_TRUE(model.DoOne(), "seed %lu, operation %lu", seed, i);
  }
}

}  // namespace
}  // namespace model

int main(int argument_count, char** arguments) {
  for (int i = 1; i < argument_count; ++i) {
    if (strncmp(arguments[i], "--seed=", 7) == 0) {
      model::seed = strtoull(arguments[i] + 7, nullptr, 0);
    } else if (strncmp(arguments[i], "--operations=", 13) == 0) {
      model::operations = strtoull(arguments[i] + 13, nullptr, 0);
    }
  }
  return RUN_ALL_TESTS(argument_count, arguments);
}
