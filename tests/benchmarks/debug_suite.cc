// What a person pays who debugs: a real gdb takes the times, from one prompt to the next. And what everybody else pays
// (idle_port.h), which should be nothing.
#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <sstream>

#include "tests/benchmarks/idle_port.h"
#include "tests/benchmarks/suites.h"

namespace bench {
namespace {

constexpr const char* kStep = "one of many steps";
constexpr const char* kHit = "continue, from one breakpoint to the next";
constexpr const char* kGuest = "gdb, guest program";
constexpr const char* kHost = "gdb, host process";

// gdb's own Python. It marks what is meant for us: gdb talks as well.
constexpr const char* kTimer = R"(
import time
def quietly(command): gdb.execute(command, to_string=True)
def timed(command):
  start = time.perf_counter()
  quietly(command)
  return time.perf_counter() - start
def say(name, seconds): print('\\n@%s %.9f' % (name, seconds))
def median(values): return sorted(values)[len(values) // 2]
)";

constexpr int kSteps = 3000;
constexpr int kHits = 100;

std::string Python(const std::string& statements) {
  std::string line = "python exec(\"";
  for (const char byte : statements) {
    line += byte == '\n' ? std::string("\\n") : std::string(1, byte);
  }
  return line + "\")";
}

std::string Steps() { return fmt::format("say('step', timed('stepi {}') / {})", kSteps, kSteps); }
std::string Hits() { return fmt::format("say('hit', median([timed('continue') for i in range({})]))", kHits); }

vmm::Result<Values> RunGdb(const std::vector<std::string>& commands, const std::vector<std::string>& program) {
  std::vector<std::string> arguments = {"gdb", "-nx", "-batch", "-ex", "set confirm off", "-ex", "set pagination off"};
  for (const std::string& command : commands) {
    arguments.insert(arguments.end(), {"-ex", command});
  }
  if (!program.empty()) {
    arguments.emplace_back("--args");
    arguments.insert(arguments.end(), program.begin(), program.end());
  }
  const integration::Ending ending = integration::Execute(arguments);
  PAGODA_TRY(CheckEnding(ending, "gdb"));
  std::string marked;
  std::istringstream lines(ending.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('@')) {
      marked += line.substr(1) + '\n';
    }
  }
  PAGODA_TRY_ASSIGN(Values printed, ParseProbeOutput(marked));
  Values values;
  if (printed.contains("step")) {
    values[kStep] = printed["step"] * 1e6;
  }
  if (printed.contains("hit")) {
    values[kHit] = printed["hit"] * 1e3;
  }
  if (values.empty()) {
    return base::Failure{vmm::Error(EPROTO, fmt::format("gdb took no times: {}{}", ending.out, ending.err))};
  }
  return values;
}

vmm::Result<Values> MeasureGuest(const Installation& installation) {
  const std::string socket = fmt::format("/tmp/pagoda-bench-gdb.{}", getpid());
  integration::Process pagoda(RunCommand(installation, {"--gdb", "unix:" + socket, "--gdb-wait"}, {"count", "1000"}));
  if (!pagoda.WaitForError("debug with")) {
    PAGODA_TRY(CheckEnding(pagoda.Wait(), "pagoda opened no port for a debugger and"));
  }
  vmm::Result<Values> values =
      RunGdb({"set sysroot", "set breakpoint pending on", "target remote " + socket, Python(kTimer),
              Python("quietly('tbreak count.cc:main')\nquietly('continue')"), Python(Steps()),
              Python("quietly('break zx_pagoda_console_write')\nquietly('continue')"), Python(Hits()), "kill"},
             {});
  static_cast<void>(pagoda.Wait());
  unlink(socket.c_str());
  return values;
}

// The dynamic loader has more instructions than are stepped; any program has it.
vmm::Result<Values> MeasureHost() { return RunGdb({"starti", Python(kTimer), Python(Steps()), "kill"}, {"/bin/true"}); }

}  // namespace

vmm::Result<Suite> MakeDebugSuite(const Installation& installation) {
  Suite suite = {.name = "debug", .cases = {}, .figures = {}, .notes = {}};
  if (integration::Execute({"gdb", "--version"}).code == 0) {
    suite.cases.push_back({kGuest, [=] { return MeasureGuest(installation); }});
    suite.cases.push_back({kHost, MeasureHost});
    suite.figures.push_back({{kGuest, kStep}, "us", 1000, FigureName{kHost, kStep}});
    suite.figures.push_back({{kHost, kStep}, "us", std::nullopt, std::nullopt});
    suite.figures.push_back({{kGuest, kHit}, "ms", 10, std::nullopt});
  } else {
    suite.notes.emplace_back("debug: nothing was stepped, because there is no gdb");
  }
  PAGODA_TRY(AddIdlePort(suite, installation));
  suite.notes.push_back(fmt::format(
      "debug: a step is one of {} (`stepi {}`), a hit the median of {} times `continue` in one gdb, so each "
      "contains the way from the prompt to the guest and the way back. 1000 us are 10,000 steps in 10 s.",
      kSteps, kSteps, kHits));
  return suite;
}

}  // namespace bench
