// A pseudo terminal: a program has one side of it, a test reads and types on the other.
//
// Every wait has a deadline, for the test keeps both sides open and never sees the end of the program here.
#pragma once

#include <string>
#include <string_view>

namespace integration {

class Terminal {
 public:
  // Without a terminal there is no test: aborts.
  Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  // The side of the program, as Process takes it. Programs that are started without it do not inherit it.
  [[nodiscard]] int program_side() const { return program_side_; }

  // Takes over what is shown until `text` is there. False when Patience() passes before.
  [[nodiscard]] bool WaitFor(std::string_view text) { return WaitForEither(text, {}); }
  // False also as soon as `failure` is there, unless that is empty.
  [[nodiscard]] bool WaitForEither(std::string_view text, std::string_view failure);

  // False when the terminal does not take it.
  [[nodiscard]] bool Type(std::string_view text) const;

  // All that was taken over so far.
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  int our_side_ = -1;
  int program_side_ = -1;
  std::string shown_;
};

}  // namespace integration
