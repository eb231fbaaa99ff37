#include "devices/pager/overlay/page_record.h"

namespace pager::overlay {

namespace {

constexpr uint64_t kPagesPerWord = 64;
constexpr uint64_t kWordsPerBlock = std::tuple_size_v<PageRecord::Block>;

uint64_t WordsFor(uint64_t pages) { return base::AlignUp(pages, kPagesPerWord * kWordsPerBlock) / kPagesPerWord; }

}  // namespace

PageRecord::PageRecord(uint64_t pages) : words_(WordsFor(pages)) {}

bool PageRecord::Has(uint64_t page) const {
  return (words_[page / kPagesPerWord].load() >> page % kPagesPerWord & 1) != 0;
}

uint64_t PageRecord::RunLength(uint64_t page, uint64_t limit) const {
  const bool has = Has(page);
  uint64_t length = 1;
  while (length < limit && Has(page + length) == has) {
    ++length;
  }
  return length;
}

void PageRecord::Add(uint64_t page, uint64_t count) {
  for (uint64_t added = page; added < page + count; ++added) {
    const uint64_t bit = uint64_t{1} << added % kPagesPerWord;
    const uint64_t word = added / kPagesPerWord;
    if ((words_[word].fetch_or(bit) & bit) == 0) {
      changed_.insert(word / kWordsPerBlock);
    }
  }
}

void PageRecord::Load(uint64_t block, const Block& words) {
  for (uint64_t i = 0; i < words.size(); ++i) {
    words_[block * kWordsPerBlock + i] = words[i];
  }
}

PageRecord::Block PageRecord::Copy(uint64_t block) const {
  Block words;
  for (uint64_t i = 0; i < words.size(); ++i) {
    words[i] = words_[block * kWordsPerBlock + i];
  }
  return words;
}

}  // namespace pager::overlay
