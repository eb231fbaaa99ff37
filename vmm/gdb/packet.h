// Frames on the wire: `$payload#checksum`, acknowledgements and interrupts (gdb manual, "Remote Protocol").
//
// The client may be anything that reached our socket. So the reader takes any bytes in any portions, keeps at most one
// payload of kMaxPayload bytes beside what it was given, and never fails: what is no frame is an item that says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vmm::gdb {

// In each direction; PacketSize in our answer to qSupported. The largest that gdb 13 takes without a remark.
constexpr size_t kMaxPayload = 0x20000;

// The frame of a payload whose binary parts are escaped already.
std::string FramePacket(std::string_view payload);

struct PacketItem {
  enum class Kind : uint8_t {
    kPacket,
    kAck,
    kNak,
    kInterrupt,  // 0x03 between packets; in a packet it is data (gdb manual, "Interrupts")
    kDamaged,    // the checksum is wrong
    kUnusable,   // the checksum is right, but it is too long or makes no sense
  };
  Kind kind;
  std::string payload;  // kPacket: escapes and run lengths undone
};

class PacketReader {
 public:
  void Append(std::span<const std::byte> bytes);
  // The next item; nothing when it takes more bytes.
  std::optional<PacketItem> Next();
  // Bytes that Next has not looked at yet.
  [[nodiscard]] size_t unread() const { return input_.size() - position_; }

 private:
  enum class State : uint8_t { kBetween, kPayload, kEscape, kRunLength, kChecksumHigh, kChecksumLow };

  void TakePlainPayload();
  std::optional<PacketItem> Take(char byte);
  std::optional<PacketItem> TakeBetween(char byte);
  void TakePayload(char byte);
  void TakeRunLength(char byte);
  std::optional<PacketItem> TakeChecksum(char byte);
  void Begin();
  void Store(char byte, size_t count);
  [[nodiscard]] PacketItem Finish();

  std::string input_;
  size_t position_ = 0;
  State state_ = State::kBetween;
  std::string payload_;
  bool usable_ = true;  // of the payload so far
  uint8_t sum_ = 0;
  char checksum_high_ = 0;
};

}  // namespace vmm::gdb
