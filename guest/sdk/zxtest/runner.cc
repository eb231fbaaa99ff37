// Collects the tests, reads the options, runs what they select and reports in GoogleTest's format.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zircon/syscalls.h>
#include <zxtest/zxtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "guest/sdk/zxtest/filter.h"

namespace zxtest::internal {
namespace {

// Functions, not objects: tests register from other objects' initialisers.
std::vector<TestCase>& Tests() {
  static auto* const tests = new std::vector<TestCase>;
  return *tests;
}
std::vector<ParameterizedSuite*>& ParameterizedSuites() {
  static auto* const suites = new std::vector<ParameterizedSuite*>;
  return *suites;
}

// The test that runs now.
std::atomic<int> g_failures = 0;
std::atomic<int> g_fatal_failures = 0;
std::atomic<bool> g_skipped = false;

struct Options {
  std::string filter = "*";
  bool list = false;
  bool run_disabled = false;
  long repeat = 1;
};

struct Summary {
  size_t run = 0;
  size_t skipped = 0;
  std::vector<std::string> failed;
};

std::string FullName(const TestCase& test) { return test.suite + "." + test.name; }

bool IsDisabled(const TestCase& test) {
  return test.name.starts_with("DISABLED_") || test.suite.starts_with("DISABLED_") ||
         test.suite.find("/DISABLED_") != std::string::npos;
}

bool ReadOption(std::string_view argument, Options* options) {
  constexpr std::string_view kFilter = "--gtest_filter=";
  constexpr std::string_view kRepeat = "--gtest_repeat=";
  if (argument.starts_with(kFilter)) {
    options->filter = argument.substr(kFilter.size());
  } else if (argument.starts_with(kRepeat)) {
    options->repeat = atol(argument.data() + kRepeat.size());
  } else if (argument == "--gtest_list_tests") {
    options->list = true;
  } else if (argument == "--gtest_also_run_disabled_tests") {
    options->run_disabled = true;
  } else if (argument.starts_with("--gtest_")) {
    return argument.starts_with("--gtest_color=") || argument.starts_with("--gtest_brief=");
  }
  return true;
}

// Suites in the order in which they first appear, each in one piece.
std::vector<const TestCase*> Select(const Options& options) {
  std::vector<const TestCase*> selected;
  std::vector<std::string_view> done;
  for (const TestCase& first : Tests()) {
    bool seen = false;
    for (const std::string_view suite : done) {
      seen |= suite == first.suite;
    }
    if (seen) {
      continue;
    }
    done.push_back(first.suite);
    for (const TestCase& test : Tests()) {
      if (test.suite == first.suite && FilterSelects(options.filter, FullName(test)) &&
          (options.run_disabled || !IsDisabled(test))) {
        selected.push_back(&test);
      }
    }
  }
  return selected;
}

void List(const std::vector<const TestCase*>& tests) {
  std::string_view suite;
  for (const TestCase* test : tests) {
    if (suite != test->suite) {
      suite = test->suite;
      printf("%s.\n", test->suite.c_str());
    }
    printf("  %s\n", test->name.c_str());
  }
}

void RunBody(const TestCase& test) {
  g_failures = 0;
  g_fatal_failures = 0;
  g_skipped = false;
  const std::unique_ptr<Test> object = test.make();
  object->SetUp();
  if (!HasFatalFailures() && !g_skipped) {
    object->TestBody();
  }
  object->TearDown();
}

void Run(const TestCase& test, Summary* summary) {
  const std::string name = FullName(test);
  printf("[ RUN      ] %s\n", name.c_str());
  const zx_time_t start = zx_clock_get_monotonic();
  RunBody(test);
  const auto ms = static_cast<long>((zx_clock_get_monotonic() - start) / ZX_MSEC(1));
  ++summary->run;
  if (HasFailures()) {
    summary->failed.push_back(name);
    printf("[  FAILED  ] %s (%ld ms)\n", name.c_str(), ms);
  } else if (g_skipped) {
    ++summary->skipped;
    printf("[  SKIPPED ] %s (%ld ms)\n", name.c_str(), ms);
  } else {
    printf("[       OK ] %s (%ld ms)\n", name.c_str(), ms);
  }
}

void RunAll(const std::vector<const TestCase*>& tests, Summary* summary) {
  for (size_t i = 0; i < tests.size(); ++i) {
    if (i == 0 || tests[i]->suite != tests[i - 1]->suite) {
      tests[i]->set_up_suite();
    }
    Run(*tests[i], summary);
    if (i + 1 == tests.size() || tests[i]->suite != tests[i + 1]->suite) {
      tests[i]->tear_down_suite();
    }
  }
}

int Report(const Summary& summary) {
  const size_t passed = summary.run - summary.skipped - summary.failed.size();
  printf("[==========] %zu tests ran.\n[  PASSED  ] %zu tests.\n", summary.run, passed);
  if (summary.skipped > 0) {
    printf("[  SKIPPED ] %zu tests.\n", summary.skipped);
  }
  for (const std::string& name : summary.failed) {
    printf("[  FAILED  ] %s\n", name.c_str());
  }
  return summary.failed.empty() ? 0 : 1;
}

}  // namespace

bool AddTest(TestCase test) {
  Tests().push_back(std::move(test));
  return true;
}

void AddParameterizedSuite(ParameterizedSuite* suite) { ParameterizedSuites().push_back(suite); }

bool HasFailures() { return g_failures != 0; }
bool HasFatalFailures() { return g_fatal_failures != 0; }

void ReportFailure(bool fatal, const char* file, int line, const char* what, const char* message) {
  ++g_failures;
  g_fatal_failures += fatal ? 1 : 0;
  printf("%s:%d: %s\n%s%s%s", file, line, what, *message != '\0' ? "  " : "", message, *message != '\0' ? "\n" : "");
}

void ReportSkip(const char* file, int line, const char* message) {
  g_skipped = true;
  printf("%s:%d: skipped: %s\n", file, line, message);
}

}  // namespace zxtest::internal

int RUN_ALL_TESTS(int argument_count, char** arguments) {
  using namespace zxtest::internal;
  Options options;
  for (int i = 1; i < argument_count; ++i) {
    if (!ReadOption(arguments[i], &options)) {
      fprintf(stderr, "%s: unknown option %s\n", arguments[0], arguments[i]);
      return 2;
    }
  }
  for (ParameterizedSuite* suite : ParameterizedSuites()) {
    suite->Expand();
  }
  const std::vector<const TestCase*> tests = Select(options);
  if (tests.empty()) {
    fprintf(stderr, "%s: no test matches the filter %s\n", arguments[0], options.filter.c_str());
    return 1;
  }
  if (options.list) {
    List(tests);
    return 0;
  }
  Summary summary;
  for (long round = 0; round < options.repeat; ++round) {
    RunAll(tests, &summary);
  }
  return Report(summary);
}
