#include "vmm/gdb/packet.h"

#include <algorithm>
#include <utility>

#include "vmm/gdb/text.h"

namespace vmm::gdb {

namespace {

constexpr char kInterruptByte = 0x03;
constexpr unsigned char kEscapeBit = 0x20;
// A run length is a printable character, this much above the number of *further* copies (gdb manual, "Overview").
constexpr int kRunLengthBase = 29;
constexpr int kMinRunLength = ' ';
constexpr int kMaxRunLength = '~';

uint8_t SumOf(std::string_view bytes, uint8_t start) {
  unsigned sum = start;
  for (const char byte : bytes) {
    sum += static_cast<uint8_t>(byte);
  }
  return static_cast<uint8_t>(sum);
}

}  // namespace

std::string FramePacket(std::string_view payload) {
  const auto checksum = static_cast<std::byte>(SumOf(payload, 0));
  std::string frame;
  frame.reserve(payload.size() + 4);
  frame += '$';
  frame += payload;
  frame += '#';
  frame += HexBytes({&checksum, 1});
  return frame;
}

void PacketReader::Append(std::span<const std::byte> bytes) {
  input_.erase(0, position_);
  position_ = 0;
  // SAFETY: the same bytes as characters.
  input_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::optional<PacketItem> PacketReader::Next() {
  while (position_ < input_.size()) {
    TakePlainPayload();
    if (position_ == input_.size()) {
      break;
    }
    if (auto item = Take(input_[position_++])) {
      return item;
    }
  }
  return std::nullopt;
}

// Nearly all that comes is this; Take is for what remains.
void PacketReader::TakePlainPayload() {
  if (state_ != State::kPayload) {
    return;
  }
  const size_t end = std::min(input_.find_first_of("$#}*", position_), input_.size());
  const std::string_view plain = std::string_view(input_).substr(position_, end - position_);
  position_ = end;
  sum_ = SumOf(plain, sum_);
  if (usable_ && plain.size() <= kMaxPayload - payload_.size()) {
    payload_ += plain;
  } else {
    usable_ = usable_ && plain.empty();
  }
}

std::optional<PacketItem> PacketReader::Take(char byte) {
  // An unescaped '$' always starts a packet: what came before has lost its end.
  if (byte == '$') {
    Begin();
    return std::nullopt;
  }
  switch (state_) {
    case State::kBetween:
      return TakeBetween(byte);
    case State::kPayload:
    case State::kEscape:
    case State::kRunLength:
      TakePayload(byte);
      return std::nullopt;
    case State::kChecksumHigh:
      checksum_high_ = byte;
      state_ = State::kChecksumLow;
      return std::nullopt;
    case State::kChecksumLow:
      return TakeChecksum(byte);
  }
  return std::nullopt;
}

std::optional<PacketItem> PacketReader::TakeBetween(char byte) {
  switch (byte) {
    case '+':
      return PacketItem{.kind = PacketItem::Kind::kAck, .payload = {}};
    case '-':
      return PacketItem{.kind = PacketItem::Kind::kNak, .payload = {}};
    case kInterruptByte:
      return PacketItem{.kind = PacketItem::Kind::kInterrupt, .payload = {}};
    default:
      return std::nullopt;  // noise, such as the line ends of a person with a terminal
  }
}

void PacketReader::Begin() {
  state_ = State::kPayload;
  payload_.clear();
  usable_ = true;
  sum_ = 0;
}

void PacketReader::TakePayload(char byte) {
  if (byte == '#') {
    usable_ = usable_ && state_ == State::kPayload;
    state_ = State::kChecksumHigh;
    return;
  }
  sum_ = static_cast<uint8_t>(sum_ + static_cast<uint8_t>(byte));
  if (state_ == State::kEscape) {
    state_ = State::kPayload;
    Store(static_cast<char>(static_cast<unsigned char>(byte) ^ kEscapeBit), 1);
  } else if (state_ == State::kRunLength) {
    state_ = State::kPayload;
    TakeRunLength(byte);
  } else if (byte == '}') {
    state_ = State::kEscape;
  } else if (byte == '*') {
    state_ = State::kRunLength;
  } else {
    Store(byte, 1);
  }
}

void PacketReader::TakeRunLength(char byte) {
  if (payload_.empty() || byte < kMinRunLength || byte > kMaxRunLength) {
    usable_ = false;
    return;
  }
  Store(payload_.back(), static_cast<size_t>(byte - kRunLengthBase));
}

void PacketReader::Store(char byte, size_t count) {
  if (!usable_ || payload_.size() + count > kMaxPayload) {
    usable_ = false;
    return;
  }
  payload_.append(count, byte);
}

std::optional<PacketItem> PacketReader::TakeChecksum(char byte) {
  state_ = State::kBetween;
  const char digits[] = {checksum_high_, byte};
  const auto checksum = BytesOfHex({digits, sizeof(digits)});
  if (!checksum || std::to_integer<uint8_t>(checksum->front()) != sum_) {
    return PacketItem{.kind = PacketItem::Kind::kDamaged, .payload = {}};
  }
  return Finish();
}

PacketItem PacketReader::Finish() {
  if (!usable_) {
    return {.kind = PacketItem::Kind::kUnusable, .payload = {}};
  }
  return {.kind = PacketItem::Kind::kPacket, .payload = std::exchange(payload_, {})};
}

}  // namespace vmm::gdb
