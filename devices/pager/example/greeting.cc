// A complete pager, as a process of its own: one object, a text, that a guest may read and change.
//
//   greeting "hello" /tmp/greeting.sock &
//   pagoda run --pager g=unix:/tmp/greeting.sock -- sha256sum g/greeting
#include <pagoda/pager.h>

#include <cstdio>
#include <cstring>
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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::strlen(argv[1]) > kSize) {
    std::fprintf(stderr, "usage: greeting TEXT SOCKET\n");
    return 2;
  }
  const auto runtime = pager::Runtime::Create();
  if (!runtime.ok()) {
    std::fprintf(stderr, "greeting: %s\n", runtime.error().message.c_str());
    return 1;
  }
  const std::string text = argv[1];
  // Each guest gets a text of its own.
  const auto greet = [&]() -> base::Result<std::unique_ptr<pager::Pager>, dev::Error> {
    return std::unique_ptr<pager::Pager>(std::make_unique<GreetingPager>(runtime.value()->executor(), text));
  };
  const auto served = pager::remote::Serve(greet, argv[2]);
  if (!served.ok()) {
    std::fprintf(stderr, "greeting: %s\n", served.error().message.c_str());
    return 1;
  }
  return 0;
}
