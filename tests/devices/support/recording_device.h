// A virtio device that does nothing but remember what the transport asked of it.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "devices/virtio/virtio_device.h"

namespace test {

class RecordingDevice final : public dev::VirtioDevice {
 public:
  static constexpr uint32_t kId = 42;
  static constexpr uint64_t kFeature = uint64_t{1} << 5;
  static constexpr uint64_t kHighFeature = uint64_t{1} << 50;
  static constexpr std::array<std::byte, 6> kConfig = {std::byte{1}, std::byte{2}, std::byte{3},
                                                       std::byte{4}, std::byte{5}, std::byte{6}};

  [[nodiscard]] uint32_t id() const override { return kId; }
  [[nodiscard]] uint64_t features() const override { return kFeature | kHighFeature; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override { return kSizes; }
  void ReadConfig(uint64_t offset, std::span<std::byte> data) override { dev::ReadConfigBytes(kConfig, offset, data); }
  void WriteConfig(uint64_t offset, std::span<const std::byte> data) override {
    config_writes.emplace_back(offset, data.size());
  }
  void Activate(dev::Activation activation) override { active.emplace(std::move(activation)); }
  dev::Activation Reset() override {
    ++resets;
    dev::Activation activation = std::move(*active);
    active.reset();
    return activation;
  }

  static constexpr std::array<uint16_t, 2> kSizes = {8, 16};
  std::optional<dev::Activation> active;
  int resets = 0;
  std::vector<std::pair<uint64_t, size_t>> config_writes;
};

}  // namespace test
