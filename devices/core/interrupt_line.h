// The way from a device to a CPU, without saying how: an irqfd in the monitor, a counter in a test.
#pragma once

namespace dev {

class InterruptLine {
 public:
  InterruptLine() = default;
  InterruptLine(const InterruptLine&) = delete;
  InterruptLine& operator=(const InterruptLine&) = delete;
  virtual ~InterruptLine() = default;

  // Sends one edge. Any thread, also several at a time; must not block and must not call back into a device.
  virtual void Raise() = 0;
};

}  // namespace dev
