// Objects with a pager under random operations (pager_model.h). PAGODA_MODEL_SEED and PAGODA_MODEL_OPERATIONS choose
// others.
#include <cstdlib>

#include "tests/guest/kernel/vm/pager_model.h"

namespace gk {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

class PagerModelTest : public PagerTest {};

TEST_F(PagerModelTest, PagesAndStoreSayWhatTheModelSays) {
  constexpr uint64_t kStepsPerObject = 2'000;
  const uint64_t operations = FromEnvironment("PAGODA_MODEL_OPERATIONS", 200'000);
  const uint64_t first_seed = FromEnvironment("PAGODA_MODEL_SEED", 1);
  for (uint64_t done = 0; done < operations; done += kStepsPerObject) {
    const uint64_t seed = first_seed + done / kStepsPerObject;
    PagerModel model(seed, *space_);
    for (uint64_t step = 0; step < kStepsPerObject; ++step) {
      model.Step();
      ASSERT_FALSE(HasFailure()) << "seed " << seed << ", step " << step;
    }
    model.Finish();
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ", at the end";
  }
}

}  // namespace
}  // namespace gk
