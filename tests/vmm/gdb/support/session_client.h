// A session without a socket, and the client's end of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/vmm/gdb/support/fake_target.h"
#include "vmm/gdb/packet.h"
#include "vmm/gdb/session.h"

namespace gdb_test {

class SessionClient {
 public:
  explicit SessionClient(FakeTarget& target) : session(target) {
    target.SetWakeUp([this] { woken_ = true; });
  }

  // Gives the session these bytes and returns what it sends, as it is.
  std::string Send(std::string_view bytes) {
    session.Receive(std::as_bytes(std::span(bytes)));
    return Settle();
  }
  // Lets the session do all that there is to do.
  std::string Settle() {
    std::string output;
    while (true) {
      if (woken_) {
        woken_ = false;
        session.OnWakeUp();
      }
      session.Work();
      const std::string bytes = session.TakeOutput();
      if (bytes.empty() && !woken_) {
        return output;
      }
      output += bytes;
    }
  }
  // The payloads of the answers to one packet.
  std::vector<std::string> AskAll(std::string_view payload) { return PayloadsOf(Send(gdb::FramePacket(payload))); }
  // The payload of the only answer; "(none)" or "(several)" when there is not one.
  std::string Ask(std::string_view payload) {
    const std::vector<std::string> answers = AskAll(payload);
    return answers.empty() ? "(none)" : answers.size() == 1 ? answers.front() : "(several)";
  }
  static std::vector<std::string> PayloadsOf(std::string_view bytes) {
    gdb::PacketReader reader;
    reader.Append(std::as_bytes(std::span(bytes)));
    std::vector<std::string> payloads;
    while (auto item = reader.Next()) {
      if (item->kind == gdb::PacketItem::Kind::kPacket) {
        payloads.push_back(std::move(item->payload));
      }
    }
    return payloads;
  }

  gdb::Session session;

 private:
  bool woken_ = false;
};

}  // namespace gdb_test
