// The debugger's session against a client that sends anything, and a target that stops and ends whenever it likes:
// packets that are right, nearly so, or not at all, in pieces and with damage. What it answers are whole frames of
// bounded size, one request at a time, and whatever it was told, the client that has gone leaves no break- or
// watchpoint behind.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz_input.h"
#include "tests/vmm/gdb/support/fake_target.h"
#include "vmm/gdb/packet.h"
#include "vmm/gdb/session.h"

namespace {

namespace gdb = vmm::gdb;

using gdb_test::FakeTarget;
using test::Require;

// Beginnings of packets; what follows them is the fuzzer's.
constexpr std::string_view kBeginnings[] = {"?",
                                            "g",
                                            "G",
                                            "p",
                                            "P10=",
                                            "m",
                                            "M1000,",
                                            "X1000,2:",
                                            "x",
                                            "c",
                                            "s",
                                            "C05",
                                            "S05;",
                                            "D",
                                            "k",
                                            "Hg",
                                            "Hc",
                                            "T",
                                            "Z0,",
                                            "Z2,",
                                            "z1,",
                                            "z4,",
                                            "qC",
                                            "qfThreadInfo",
                                            "qsThreadInfo",
                                            "qThreadExtraInfo,",
                                            "qThreadStopInfo",
                                            "qSupported:",
                                            "qSupported:swbreak+;hwbreak+;error-message+",
                                            "qAttached",
                                            "qHostInfo",
                                            "qProcessInfo",
                                            "qSymbol::",
                                            "qXfer:features:read:target.xml:",
                                            "qXfer:threads:read::",
                                            "qXfer:libraries:read::0,",
                                            "qXfer:memory-map:read::",
                                            "qXfer:exec-file:read:1:",
                                            "qRcmd,",
                                            "qRcmd,68656c70",
                                            "qRcmd,70687973206f6e",
                                            "qRcmd,737461747573",
                                            "vCont?",
                                            "vCont;c",
                                            "vCont;s:1;c",
                                            "vCont;r1000,1010:2;t:1",
                                            "vCont;",
                                            "vKill;1",
                                            "vFile:setfs:0",
                                            "vFile:open:2f6b,0,0",
                                            "vFile:open:",
                                            "vFile:pread:0,",
                                            "vFile:fstat:0",
                                            "vFile:close:0",
                                            "QStartNoAckMode",
                                            "!"};

class Fuzzer {
 public:
  explicit Fuzzer(test::FuzzInput input) : input_(input) {
    target_.AddMemory(gdb::AddressSpace::kVirtual, 0x1000, std::string(256, '}'));
    target_.AddMemory(gdb::AddressSpace::kPhysical, 0, std::string(64, '#'));
    target_.files["/k"] = "ELF#$}*";
    target_.exec_file = "/k";
    target_.libraries = {{.path = "/k", .address = 0x1000}};
    target_.memory_map = {{.start = 0, .length = 0x1000, .kind = gdb::MemoryRegion::Kind::kRom}};
    target_.program = {.spin_at = 0x1040, .exit_at = 0x1050, .write_at = 0x1020, .written = 0x1080};
    target_.SetWakeUp([this] { woken_ = true; });
  }

  void Run() {
    while (!input_.empty() && !session_->finished()) {
      Step();
      if (input_.Below(8) != 0) {
        Settle();
      }
    }
    Settle();
    session_.reset();
    Require(target_.points().empty());
    const auto calls = target_.calls();
    Require(std::count(calls.begin(), calls.end(), "attached") == std::count(calls.begin(), calls.end(), "gone"));
  }

 private:
  void Step() {
    switch (input_.Below(16)) {
      case 0:
        return target_.StopWith(gdb::ThreadStop{.thread = 1 + input_.Below(2),
                                                .signal = static_cast<gdb::Signal>(input_.Below(16)),
                                                .reason = static_cast<gdb::StopReason>(input_.Below(8)),
                                                .address = input_.Take<uint64_t>()});
      case 1:
        return target_.Run();
      case 2:
        if (input_.Below(8) == 0) {
          target_.StopWith(gdb::GuestExited{.code = 1});
        }
        return;
      case 3:
        return Receive("\x03");
      case 4:
        return Receive(input_.Below(2) == 0 ? "+" : "-");
      case 5:
        return Receive(Bytes());
      default:
        return Receive(Frame());
    }
  }

  std::string Bytes() {
    std::string bytes(input_.Below(24), '\0');
    std::generate(bytes.begin(), bytes.end(), [this] { return input_.Take<char>(); });
    return bytes;
  }
  // As a client would frame it, for the most part.
  std::string Frame() {
    std::string payload(kBeginnings[input_.Below(std::size(kBeginnings))]);
    if (input_.Below(2) == 0) {
      payload += Bytes();
    }
    std::string frame = gdb::FramePacket(payload);
    if (input_.Below(16) == 0) {
      frame[input_.Below(static_cast<uint32_t>(frame.size()))] = input_.Take<char>();
    }
    if (input_.Below(16) == 0) {
      frame.resize(input_.Below(static_cast<uint32_t>(frame.size())));
    }
    return frame;
  }
  void Receive(std::string_view bytes) { session_->Receive(std::as_bytes(std::span(bytes))); }

  // Lets the session do what there is to do, and reads what it says.
  void Settle() {
    while (true) {
      if (woken_) {
        woken_ = false;
        session_->OnWakeUp();
      }
      session_->Work();
      const std::string output = session_->TakeOutput();
      if (output.empty() && !woken_) {
        return;
      }
      CheckOutput(output);
    }
  }
  void CheckOutput(std::string_view output) {
    reader_.Append(std::as_bytes(std::span(output)));
    while (const auto item = reader_.Next()) {
      Require(item->kind == gdb::PacketItem::Kind::kPacket || item->kind == gdb::PacketItem::Kind::kAck ||
              item->kind == gdb::PacketItem::Kind::kNak);
      Require(item->payload.size() <= gdb::kMaxPayload);
    }
  }

  test::FuzzInput input_;
  FakeTarget target_;
  bool woken_ = false;
  gdb::PacketReader reader_;  // the client's
  std::optional<gdb::Session> session_{std::in_place, target_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Fuzzer(test::FuzzInput(data, size)).Run();
  return 0;
}
