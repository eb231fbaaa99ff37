// The console driver: what it hands to a device that the test serves by hand, then the real device at the end of a
// pipe.
#include "guest/kernel/drivers/console.h"

#include <gtest/gtest.h>
#include <linux/virtio_ids.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "devices/console/console_device.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/drivers/test_machine.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk::drivers {
namespace {

using test::HandServedDevice;
using test::PluggedDevice;
using test::TestRam;

constexpr size_t kTransmit = 1;

class ConsoleTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(console_.Start(plugged_.driver()).ok()); }
  void TearDown() override { EXPECT_EQ(plugged_.complaints(), 0u); }

  // Takes everything that is there and gives it back; returns the text.
  std::string Drain() {
    std::string text;
    while (auto chain = device_.Take(kTransmit)) {
      for (const dev::GuestBuffer& buffer : chain->readable()) {
        text.append(reinterpret_cast<const char*>(buffer.bytes.data()), buffer.bytes.size());
      }
      device_.Give(kTransmit, *chain, 0);
    }
    return text;
  }

  TestRam ram_;
  HandServedDevice device_{VIRTIO_ID_CONSOLE, {64, 256}};
  PluggedDevice plugged_{device_, ram_};
  Console console_;
};

TEST_F(ConsoleTest, ALineIsOneDoorbellAndOneBuffer) {
  const uint64_t before = plugged_.doorbells();
  console_.Write(std::string_view("hello, world\n"));
  EXPECT_EQ(plugged_.doorbells(), before + 1);
  auto chain = device_.Take(kTransmit);
  ASSERT_TRUE(chain.has_value());
  EXPECT_EQ(chain->readable().size(), 1u);
  EXPECT_EQ(chain->readable_bytes(), 13u);
  EXPECT_FALSE(device_.Take(kTransmit).has_value());
}

TEST_F(ConsoleTest, ABusyDeviceIsNotRungAgain) {
  console_.Write(std::string_view("first\n"));
  const uint64_t after_first = plugged_.doorbells();
  for (int i = 0; i < 20; ++i) {
    console_.Write(std::string_view("more\n"));
  }
  EXPECT_EQ(plugged_.doorbells(), after_first);
  EXPECT_EQ(Drain().size(), 6u + 20 * 5);
}

TEST_F(ConsoleTest, SmallWritesShareAPage) {
  std::vector<uint64_t> addresses;
  for (int i = 0; i < 3; ++i) {
    console_.Write(std::string_view("1234567\n"));
    auto chain = device_.Take(kTransmit);
    ASSERT_TRUE(chain.has_value());
    addresses.push_back(chain->readable()[0].address);
  }
  EXPECT_EQ(addresses[1], addresses[0] + 8);
  EXPECT_EQ(addresses[2], addresses[0] + 16);
}

TEST_F(ConsoleTest, NothingIsWrittenForNothing) {
  const uint64_t before = plugged_.doorbells();
  console_.Write({});
  EXPECT_EQ(plugged_.doorbells(), before);
  EXPECT_FALSE(device_.Take(kTransmit).has_value());
}

TEST_F(ConsoleTest, TextLargerThanAPageArrivesWhole) {
  std::string text;
  for (int i = 0; text.size() < 3 * 4096; ++i) {
    text += std::to_string(i) + "\n";
  }
  const uint64_t before = plugged_.doorbells();
  console_.Write(text);
  EXPECT_EQ(Drain(), text);
  EXPECT_LE(plugged_.doorbells(), before + 1);
}

TEST_F(ConsoleTest, TextIsDroppedOnceTheDeviceBreaksTheRules) {
  console_.Write(std::string_view("line\n"));
  auto chain = device_.Take(kTransmit);
  ASSERT_TRUE(chain.has_value());
  // Bytes that it cannot have written: the chain has no room for any.
  device_.Give(kTransmit, *chain, 1);
  console_.Write(std::string(64 * 4096, 'x'));
  EXPECT_FALSE(console_.ready());
  EXPECT_FALSE(device_.active()) << "it has been reset";
  console_.Write(std::string_view("more\n"));
  EXPECT_FALSE(device_.active());
}

TEST_F(ConsoleTest, AFullConsoleDoesNotWaitForADeviceThatAsksForAReset) {
  device_.AskForReset();
  console_.Write(std::string(64 * 4096, 'x'));
  EXPECT_FALSE(console_.ready());
  EXPECT_FALSE(device_.active());
}

TEST(ConsoleStart, NeedsAConsole) {
  const TestRam ram;
  HandServedDevice device(VIRTIO_ID_CONSOLE + 1, {64, 64});
  PluggedDevice plugged(device, ram);
  Console console;
  EXPECT_EQ(console.Start(plugged.driver()).error(), Status(ZX_ERR_NOT_FOUND));
  console.Write(std::string_view("nobody hears this\n"));
  EXPECT_FALSE(console.ready());
}

TEST(ConsoleStart, GivesEverythingBackWhenMemoryRunsOut) {
  const TestRam ram;
  HandServedDevice device(VIRTIO_ID_CONSOLE, {64, 64});
  PluggedDevice plugged(device, ram);
  const uint64_t free_before = GetPmmStatistics().free_pages;
  uint64_t failing = 1;
  for (;; ++failing) {
    Console console;
    torture::FailAllocation(failing);
    const Result<> result = console.Start(plugged.driver());
    torture::FailAllocation(0);
    if (result.ok()) {
      ASSERT_TRUE(plugged.driver().GiveUp());
      break;
    }
    EXPECT_EQ(result.error(), Status(ZX_ERR_NO_MEMORY)) << failing;
    EXPECT_FALSE(console.ready());
    EXPECT_EQ(GetPmmStatistics().free_pages, free_before) << failing;
  }
  EXPECT_GT(failing, Console::kPages);
  EXPECT_EQ(GetPmmStatistics().free_pages, free_before);
}

// Driver and device as they will meet in a machine, at the end of a pipe.
class ConsolePipeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(pipe(pipe_), 0);
    auto device = dev::ConsoleDevice::Create({.output = pipe_[1], .input = std::nullopt});
    ASSERT_TRUE(device.ok());
    device_ = std::move(device).value();
    plugged_.emplace(*device_, ram_);
    ASSERT_TRUE(console_.Start(plugged_->driver()).ok());
  }
  void TearDown() override {
    EXPECT_EQ(plugged_->complaints(), 0u);
    plugged_.reset();
    device_.reset();
    close(pipe_[0]);
  }

  std::string ReadAll() {
    std::string text;
    char buffer[8192];
    for (ssize_t size = 0; (size = read(pipe_[0], buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<size_t>(size));
    }
    return text;
  }

  int pipe_[2] = {-1, -1};
  TestRam ram_;
  std::unique_ptr<dev::ConsoleDevice> device_;
  std::optional<PluggedDevice> plugged_;
  Console console_;
};

TEST_F(ConsolePipeTest, EveryLineArrivesInOrderWithAtMostOneDoorbellEach) {
  constexpr int kLines = 20'000;
  std::string received;
  std::thread reader([&] { received = ReadAll(); });
  std::string sent;
  for (int i = 0; i < kLines; ++i) {
    const std::string line = "line " + std::to_string(i) + std::string(static_cast<size_t>(i % 200), '.') + "\n";
    console_.Write(line);
    sent += line;
  }
  EXPECT_TRUE(device_->Flush(std::chrono::seconds(60)));
  close(pipe_[1]);
  reader.join();
  EXPECT_TRUE(received == sent);
  EXPECT_LE(plugged_->doorbells(), static_cast<uint64_t>(kLines));
  EXPECT_EQ(plugged_->interrupt().count(), 0u) << "the driver wants none";
}

// Driver and device with something at the other end that types.
class ConsoleInputTest : public ConsolePipeTest {
 protected:
  void SetUp() override {
    fake_arch::StartCpu();
    ASSERT_EQ(pipe(typing_), 0);
    ASSERT_EQ(pipe(pipe_), 0);
    auto device = dev::ConsoleDevice::Create({.output = pipe_[1], .input = typing_[0]});
    ASSERT_TRUE(device.ok());
    device_ = std::move(device).value();
    plugged_.emplace(*device_, ram_);
    ASSERT_TRUE(console_.Start(plugged_->driver()).ok());
    // The device's thread interrupts; when everybody waits, that is what the kernel hears next.
    fake_arch::SetIdleHook([this] {
      const bool came = plugged_->interrupt().Take();
      console_.input().OnInterrupt();
      return came;
    });
  }
  void TearDown() override {
    fake_arch::SetIdleHook({});
    ConsolePipeTest::TearDown();
    close(pipe_[1]);
    close(typing_[0]);
    close(typing_[1]);
  }
  void Type(const std::string& text) {
    ASSERT_EQ(write(typing_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string Read(size_t size) {
    std::string text(size, ' ');
    fake_arch::RunInThread([&] {
      const Result<size_t> count = console_.input().Read(text, ZX_TIME_INFINITE);
      EXPECT_TRUE(count.ok());
      text.resize(count.ok() ? *count : 0);
    });
    return text;
  }
  int typing_[2] = {-1, -1};
};

TEST_F(ConsoleInputTest, WhatIsTypedIsReadInPiecesAndWaitedFor) {
  Type("hello");
  EXPECT_EQ(Read(2), "he");
  EXPECT_EQ(Read(80), "llo");
  std::string long_text(20'000, 'x');
  long_text.back() = '!';
  Type(long_text);
  std::string got;
  while (got.size() < long_text.size()) {
    got += Read(1024);
  }
  EXPECT_EQ(got, long_text);
  EXPECT_EQ(Read(0), "");
}

TEST(ConsoleInput, WithoutAConsoleThereIsNone) {
  ConsoleInput input;
  char byte;
  EXPECT_EQ(StatusOf(input.Read({&byte, 1}, 0)).value(), ZX_ERR_NOT_SUPPORTED);
}

}  // namespace
}  // namespace gk::drivers
