// A blob in a guest: damage reaches the readers of what is damaged, as a status or a fault, and nobody else.
#include <cstring>
#include <string>

#include "devices/pager/blob/blob_pager.h"
#include "devices/pager/runtime.h"
#include "tests/devices/pager/blob/blob_bytes.h"
#include "tests/devices/support/temporary_directory.h"
#include "tests/host_pager/puppet_machine.h"

namespace host_pager {
namespace {

constexpr uint64_t kChunkPages = 4;
constexpr uint64_t kChunks = 40;  // so many that nobody who reads the first ones reads ahead into the last

uint64_t FirstWord(const std::string& content, uint64_t page) {
  uint64_t word;
  std::memcpy(&word, content.data() + page * kPageSize, sizeof(word));
  return word;
}

using HostBlob = KvmTest;

TEST_F(HostBlob, DamageIsAnErrorOfItsChunkInCallsAndMappingsAndOtherPagesAreServed) {
  const test::TemporaryDirectory directory;
  const std::string content = test::Pattern(kChunks * kChunkPages * kPageSize);
  const std::string blob = test::MakeBlob(content, kChunkPages * kPageSize);
  // In the middle of the last chunk.
  const std::string path = directory.Write("blob", test::Flipped(blob, 8 * blob.size() - 100));
  const auto runtime = pager::Runtime::Create().value();
  {
    PuppetMachine guest([&](const vmm::GuestRam& /*ram*/) {
      return pager::blob::CreateBlobPager(runtime->executor(), path, {}).value();
    });
    ASSERT_EQ(guest.Do("open x"), (Outcome{"ZX_OK", content.size()}));
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(guest.Do("read 157 1").status, "ZX_ERR_IO_DATA_INTEGRITY");
      EXPECT_EQ(guest.Do("load 158").status, "ZX_ERR_IO_DATA_INTEGRITY");
      EXPECT_EQ(guest.Do("read 7 1"), (Outcome{"ZX_OK", FirstWord(content, 7)}));
      EXPECT_EQ(guest.Do("load 2"), (Outcome{"ZX_OK", FirstWord(content, 2)}));
    }
    EXPECT_EQ(guest.Do("read 0 8"), (Outcome{"ZX_OK", FirstWord(content, 0)}));
    EXPECT_EQ(guest.Do("read 150 8").status, "ZX_ERR_IO_DATA_INTEGRITY");
    EXPECT_EQ(guest.Do("write 0 1 7").status, "ZX_ERR_ACCESS_DENIED") << "it is read-only";
  }
}

}  // namespace
}  // namespace host_pager
