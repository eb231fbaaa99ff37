#include "vmm/cli/pager_command.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "devices/pager/pager_spec.h"
#include "devices/pager/remote/server.h"
#include "devices/pager/runtime.h"
#include "vmm/base/error.h"
#include "vmm/cli/exit_codes.h"

namespace vmm {
namespace {

struct PagerOptions {
  std::string spec;
  std::string socket;
};

void Report(const std::string& line) { fmt::print(stderr, "pagoda: {}\n", line); }

base::Failure<Error> FromDevice(dev::Error error) { return BadInput("{}", error.message); }

Result<> Serve(const PagerOptions& options) {
  auto spec = pager::ParseUnnamedPagerSpec(options.spec);
  if (!spec.ok()) {
    return FromDevice(std::move(spec).error());
  }
  auto runtime = pager::Runtime::Create();
  if (!runtime.ok()) {
    return base::Failure{Error(kExitHostFailure, std::move(runtime.error().message))};
  }
  const auto make = [&] { return pager::CreatePager(spec.value(), *runtime.value()); };
  // Every monitor gets one of its own; that there can be one is found out before anybody waits for it.
  if (auto tried = make(); !tried.ok()) {
    return FromDevice(std::move(tried).error());
  }
  auto server = pager::remote::Server::Create(make, options.socket, Report);
  if (!server.ok()) {
    return FromDevice(std::move(server).error());
  }
  static_cast<void>(server.value()->RunUntilSignal([&options] {
    fmt::print("serving {} at {}\n", options.spec, options.socket);
    std::fflush(stdout);
  }));
  return {};
}

int Run(const PagerOptions& options) {
  // A reader of our output that goes away is an error of a write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const Result<> result = Serve(options);
  if (!result.ok()) {
    fmt::print(stderr, "pagoda: {}\n", result.error().message());
    return result.error().exit_code();
  }
  return kExitSuccess;
}

}  // namespace

void AddPagerCommand(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<PagerOptions>();
  CLI::App* command =
      app.add_subcommand("pager",
                         "Run a pager as a process of its own; `pagoda run --pager NAME=unix:PATH` attaches to it, "
                         "several may at a time.\n"
                         "It may be killed and started again while guests run. SIGINT and SIGTERM end it");
  command->add_option("SPEC", options->spec, "What to serve, as behind the NAME= of --pager: file:PATH[,ro]")
      ->required();
  command
      ->add_option("--socket", options->socket, "Where to listen; a socket left behind is replaced, a live one is not")
      ->type_name("PATH")
      ->required();
  command->callback([options, &exit_code] { exit_code = Run(*options); });
}

}  // namespace vmm
