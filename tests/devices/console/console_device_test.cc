// The console: what the guest prints comes out whole and in order, however slow or dead the other end is.
#include "devices/console/console_device.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "tests/devices/support/device_fixture.h"
#include "tests/devices/support/pipe.h"

namespace {

using dev::ConsoleDevice;
using test::Readable;
using test::Writable;

constexpr uint32_t kReceive = ConsoleDevice::kReceiveQueue;
constexpr uint32_t kTransmit = ConsoleDevice::kTransmitQueue;
// For what is expected to happen: a hang detector, not a delay.
constexpr std::chrono::milliseconds kLong = std::chrono::minutes(1);

class ConsoleTest : public testing::Test {
 protected:
  // Guest memory with this text.
  test::DriverBuffer Text(std::string_view text) {
    const uint64_t address = guest_.memory.Allocate(text.size(), 1);
    std::memcpy(guest_.memory.At(address, text.size()).data(), text.data(), text.size());
    return Readable(address, static_cast<uint32_t>(text.size()));
  }
  [[nodiscard]] std::string TextAt(uint64_t address, uint32_t length) const {
    const auto bytes = guest_.memory.At(address, length);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  // Without the driver's notification, as a guest that dies right after writing.
  void PrintSilently(std::string_view text) { guest_.PostSilently(kTransmit, {Text(text)}); }
  void Print(std::string_view text) { guest_.Post(kTransmit, {Text(text)}); }

  test::Pipe output_{O_NONBLOCK};
  test::Pipe input_;
  std::unique_ptr<ConsoleDevice> console_ =
      ConsoleDevice::Create({.output = output_.write_end(), .input = input_.read_end()}).value();
  test::DrivenDevice guest_{*console_};
};

TEST_F(ConsoleTest, IsAConsoleWithTwoQueuesAndNoFeatures) {
  EXPECT_EQ(guest_.driver.Read(VIRTIO_MMIO_DEVICE_ID), uint32_t{VIRTIO_ID_CONSOLE});
  EXPECT_EQ(console_->queue_sizes().size(), 2u);
  EXPECT_EQ(console_->features(), 0u);
  EXPECT_EQ(guest_.driver.ReadAs<uint64_t>(VIRTIO_MMIO_CONFIG), 0u);
}

TEST_F(ConsoleTest, PrintedTextComesOutAndTheBufferBack) {
  guest_.Start();
  Print("hello\n");
  EXPECT_EQ(guest_.WaitForUsed(kTransmit).length, 0u);
  EXPECT_TRUE(console_->Flush(kLong));
  EXPECT_EQ(output_.Read(6), "hello\n");
  EXPECT_EQ(console_->lost_output().bytes, 0u);
  EXPECT_EQ(console_->lost_output().error, 0);
}

class NotingWatcher final : public dev::ConsoleWatcher {
 public:
  void BeforeOutput() override { notes += '<'; }
  void AfterOutput(char last) override { notes += std::string(1, last) + ">"; }
  std::string notes;
};

TEST(ConsoleOutput, AWatcherHearsOfEveryWriteAndItsLastByte) {
  NotingWatcher watcher;
  test::Pipe output{O_NONBLOCK};
  const auto console =
      ConsoleDevice::Create({.output = output.write_end(), .input = std::nullopt, .watcher = &watcher}).value();
  test::DrivenDevice guest{*console};
  guest.Start();
  for (const std::string_view text : {"ab", "c\n"}) {
    const uint64_t address = guest.memory.Allocate(text.size(), 1);
    std::memcpy(guest.memory.At(address, text.size()).data(), text.data(), text.size());
    guest.Post(kTransmit, {Readable(address, static_cast<uint32_t>(text.size()))});
    guest.WaitForUsed(kTransmit);
  }
  EXPECT_TRUE(console->Flush(kLong));
  EXPECT_EQ(watcher.notes, "<b><\n>");
}

TEST_F(ConsoleTest, OneDoorbellCoversABatch) {
  guest_.Start();
  ASSERT_TRUE(console_->Flush(kLong));
  for (const std::string_view line : {"one\n", "two\n", "three\n"}) {
    PrintSilently(line);
  }
  guest_.NotifyIfAsked(kTransmit);
  for (int i = 0; i < 3; ++i) {
    guest_.WaitForUsed(kTransmit);
  }
  EXPECT_EQ(output_.Read(14), "one\ntwo\nthree\n");
  EXPECT_LE(guest_.doorbells, 1u);
}

TEST_F(ConsoleTest, ScatteredTextIsJoinedAndWritableBuffersIgnored) {
  guest_.Start();
  const uint64_t writable = guest_.memory.Allocate(16);
  guest_.Post(kTransmit, {Text("a"), Text(""), Text("bc"), Writable(writable, 16)});
  EXPECT_EQ(guest_.WaitForUsed(kTransmit).length, 0u);
  guest_.Post(kTransmit, {Writable(writable, 16)});
  guest_.WaitForUsed(kTransmit);
  ASSERT_TRUE(console_->Flush(kLong));
  EXPECT_EQ(output_.Read(3), "abc");
  EXPECT_EQ(guest_.memory.Load<uint64_t>(writable), 0u);
}

TEST_F(ConsoleTest, FlushWritesWhatWasNeverNotified) {
  guest_.Start();
  ASSERT_TRUE(console_->Flush(kLong));
  PrintSilently("last words\n");
  EXPECT_TRUE(console_->Flush(kLong));
  EXPECT_EQ(guest_.queue1.TakeUsed().has_value(), true);
  output_.CloseWriteEnd();
  EXPECT_EQ(output_.Read(100), "last words\n");
}

TEST_F(ConsoleTest, FlushOfAnInactiveConsoleSucceeds) { EXPECT_TRUE(console_->Flush(kLong)); }

TEST_F(ConsoleTest, SlowReaderGetsEverything) {
  guest_.Start();
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    const std::string piece(10'007, static_cast<char>('a' + i % 26));
    PrintSilently(piece);
    sent += piece;
  }
  guest_.NotifyIfAsked(kTransmit);
  EXPECT_TRUE(output_.Read(sent.size()) == sent);
  EXPECT_TRUE(console_->Flush(kLong));
}

TEST_F(ConsoleTest, FlushGivesUpOnAReaderThatDoesNotRead) {
  guest_.Start();
  const size_t filled = output_.Fill();
  PrintSilently("stuck\n");
  EXPECT_FALSE(console_->Flush(std::chrono::milliseconds(1)));
  EXPECT_FALSE(guest_.queue1.TakeUsed());
  EXPECT_EQ(output_.Read(filled).size(), filled);
  EXPECT_TRUE(console_->Flush(kLong));
  EXPECT_EQ(output_.Read(6), "stuck\n");
}

TEST_F(ConsoleTest, ResetIsNotHeldUpByAReaderThatDoesNotRead) {
  guest_.Start();
  output_.Fill();
  PrintSilently("stuck\n");
  EXPECT_FALSE(console_->Flush(std::chrono::milliseconds(1)));
  guest_.driver.SetStatus(0);
  EXPECT_EQ(guest_.driver.status(), 0u);
  EXPECT_TRUE(console_->Flush(kLong)) << "what was posted before the reset is forgotten";
}

TEST_F(ConsoleTest, DestructionIsNotHeldUpByAReaderThatDoesNotRead) {
  guest_.Start();
  output_.Fill();
  PrintSilently("stuck\n");
  EXPECT_FALSE(console_->Flush(std::chrono::milliseconds(1)));
  guest_.transport.reset();
  console_.reset();
}

TEST_F(ConsoleTest, ClosedOutputDropsAndCountsAndTheGuestGoesOn) {
  guest_.Start();
  output_.CloseReadEnd();
  Print("nobody\n");
  guest_.WaitForUsed(kTransmit);
  Print("hears\n");
  guest_.WaitForUsed(kTransmit);
  EXPECT_TRUE(console_->Flush(kLong));
  EXPECT_EQ(console_->lost_output().bytes, 13u);
  EXPECT_EQ(console_->lost_output().error, EPIPE);
}

TEST_F(ConsoleTest, InputWaitsForTheGuestsBuffers) {
  input_.Write("typed early\n");
  guest_.Start();
  ASSERT_TRUE(console_->Flush(kLong));
  const uint64_t buffer = guest_.memory.Allocate(64);
  guest_.Post(kReceive, {Writable(buffer, 5), Writable(buffer + 8, 32)});
  EXPECT_EQ(guest_.WaitForUsed(kReceive).length, 12u);
  EXPECT_EQ(TextAt(buffer, 5), "typed");
  EXPECT_EQ(TextAt(buffer + 8, 7), " early\n");
}

TEST_F(ConsoleTest, InputWakesAConsoleThatWaits) {
  guest_.Start();
  const uint64_t buffer = guest_.memory.Allocate(64);
  guest_.Post(kReceive, {Writable(buffer, 32)});
  ASSERT_TRUE(console_->Flush(kLong));
  input_.Write("typed later\n");
  EXPECT_EQ(guest_.WaitForUsed(kReceive).length, 12u);
  EXPECT_EQ(TextAt(buffer, 12), "typed later\n");
}

TEST_F(ConsoleTest, BuffersWithoutRoomComeBackEmptyAndTakeNoInput) {
  guest_.Start();
  input_.Write("x");
  const uint64_t buffer = guest_.memory.Allocate(64);
  guest_.PostSilently(kReceive, {Readable(buffer, 8)});
  guest_.PostSilently(kReceive, {Writable(buffer, 0)});
  guest_.Post(kReceive, {Writable(buffer, 0), Writable(buffer, 8)});
  EXPECT_EQ(guest_.WaitForUsed(kReceive).length, 0u);
  EXPECT_EQ(guest_.WaitForUsed(kReceive).length, 0u);
  EXPECT_EQ(guest_.WaitForUsed(kReceive).length, 1u);
  EXPECT_EQ(TextAt(buffer, 1), "x");
}

TEST_F(ConsoleTest, EndOfInputKeepsTheOutputAlive) {
  guest_.Start();
  input_.CloseWriteEnd();
  guest_.Post(kReceive, {Writable(guest_.memory.Allocate(64), 32)});
  Print("still here\n");
  guest_.WaitForUsed(kTransmit);
  EXPECT_EQ(output_.Read(11), "still here\n");
  EXPECT_FALSE(guest_.queue0.TakeUsed());
}

TEST_F(ConsoleTest, BrokenRingNeedsResetAndResetHeals) {
  guest_.Start();
  guest_.queue1.MakeAvailable(0xffff);
  guest_.driver.Notify(kTransmit);
  guest_.WaitForNeedsReset();
  EXPECT_TRUE(console_->Flush(kLong));

  guest_.queue0 = test::DriverQueue(guest_.memory, 64);
  guest_.queue1 = test::DriverQueue(guest_.memory, 64);
  guest_.queue0.UseEventIdx();
  guest_.queue1.UseEventIdx();
  guest_.Start();
  Print("again\n");
  guest_.WaitForUsed(kTransmit);
  EXPECT_EQ(output_.Read(6), "again\n");
  EXPECT_EQ(guest_.transport->counters().needs_reset, 1u);
}

TEST_F(ConsoleTest, DriverWithoutQueuesIsLeftAlone) {
  guest_.driver.Negotiate(test::kVersion1);
  guest_.driver.SetStatus(test::kDriverOk);
  EXPECT_TRUE(console_->Flush(kLong));
  EXPECT_EQ(guest_.driver.status(), test::kDriverOk);
}

TEST(ConsoleWithoutInput, NeverUsesReceiveBuffers) {
  const test::Pipe output;
  const auto console = ConsoleDevice::Create({.output = output.write_end(), .input = std::nullopt}).value();
  test::DrivenDevice guest(*console);
  guest.Start();
  guest.Post(kReceive, {Writable(guest.memory.Allocate(64), 32)});
  EXPECT_TRUE(console->Flush(kLong));
  EXPECT_FALSE(guest.queue0.TakeUsed());
}

}  // namespace
