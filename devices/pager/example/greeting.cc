// A complete pager: one object, a text, that a guest may read and change.
//
//   greeting TEXT     shows what a guest would find in the object's first page
#include <pagoda/pager.h>

#include <cstdio>
#include <cstring>
#include <future>
#include <memory>
#include <string>

namespace {

constexpr uint64_t kSize = 4096;

// Where the text is kept. Bytes beyond its end are zeros.
class TextStore final : public pager::Store {
 public:
  explicit TextStore(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] pager::ObjectInfo info() const override { return {.size = kSize, .content_size = text_.size()}; }

  zx_status_t Read(uint64_t offset, std::span<const iovec> pages) override {
    for (const iovec& page : pages) {
      std::memset(page.iov_base, 0, page.iov_len);
      if (offset < text_.size()) {
        text_.copy(static_cast<char*>(page.iov_base), page.iov_len, offset);
      }
      offset += page.iov_len;
    }
    return ZX_OK;
  }

  zx_status_t Write(uint64_t offset, std::span<const iovec> data) override {
    for (const iovec& piece : data) {
      text_.replace(offset, piece.iov_len, static_cast<const char*>(piece.iov_base), piece.iov_len);
      offset += piece.iov_len;
    }
    return ZX_OK;
  }

 private:
  std::string text_;
};

// Opens the text by the name "greeting", and nothing else.
class GreetingPager final : public pager::Pager {
 public:
  GreetingPager(const boost::asio::any_io_executor& executor, std::string text)
      : source_(std::make_shared<pager::StoreSource>(executor, std::make_shared<TextStore>(std::move(text)),
                                                     pager::WritebackOptions{.interval = std::chrono::seconds(5)})) {}

  base::Result<std::shared_ptr<pager::PageSource>, zx_status_t> Open(std::string_view path) override {
    if (path != "greeting") {
      return base::Failure{ZX_ERR_NOT_FOUND};
    }
    return std::shared_ptr<pager::PageSource>(source_);
  }

 private:
  const std::shared_ptr<pager::StoreSource> source_;
};

// Stands for the guest: waits for the answer.
class Waiting final : public pager::Answer {
 public:
  explicit Waiting(std::promise<zx_status_t>& promise) : promise_(promise) {}
  void OnAnswer(zx_status_t status) override { promise_.set_value(status); }

 private:
  std::promise<zx_status_t>& promise_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || std::strlen(argv[1]) > kSize) {
    std::fprintf(stderr, "usage: greeting TEXT\n");
    return 2;
  }
  const auto runtime = pager::Runtime::Create();
  if (!runtime.ok()) {
    std::fprintf(stderr, "greeting: %s\n", runtime.error().message.c_str());
    return 1;
  }
  GreetingPager greetings(runtime.value()->executor(), argv[1]);
  const auto source = greetings.Open("greeting").value();
  std::string page(kSize, '?');
  std::promise<zx_status_t> answer;
  source->Read({0, {{.iov_base = page.data(), .iov_len = page.size()}}, std::make_unique<Waiting>(answer)});
  const zx_status_t status = answer.get_future().get();
  std::printf("%s\n", status == ZX_OK ? page.c_str() : "cannot be read");
  return status == ZX_OK ? 0 : 1;
}
