// What a test is, and where tests are collected.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace zxtest {

// The base of every fixture. One object is made for each test: SetUp, the test's body unless SetUp failed fatally or
// skipped, TearDown. A fixture may hide the two static functions; they run around the tests of its suite.
class Test {
 public:
  Test(const Test&) = delete;
  Test& operator=(const Test&) = delete;
  virtual ~Test() = default;

  static void SetUpTestSuite() {}
  static void TearDownTestSuite() {}

  virtual void SetUp() {}
  virtual void TearDown() {}
  virtual void TestBody() = 0;

 protected:
  Test() = default;
};

namespace internal {

struct SourceLocation {
  const char* file;
  int line;
};

// A test that can be run, parameters bound.
struct TestCase {
  std::string suite;
  std::string name;
  SourceLocation location;
  std::function<std::unique_ptr<Test>()> make;
  void (*set_up_suite)();
  void (*tear_down_suite)();
};

// Always true, so that registration can stand in an initialiser.
bool AddTest(TestCase test);

template <typename T>
std::unique_ptr<Test> Make() {
  return std::make_unique<T>();
}

template <typename T>
bool AddTestOf(const char* suite, const char* name, SourceLocation location) {
  return AddTest({suite, name, location, &Make<T>, &T::SetUpTestSuite, &T::TearDownTestSuite});
}

// How the current test stands. Any thread.
bool HasFailures();
bool HasFatalFailures();
void ReportFailure(bool fatal, const char* file, int line, const char* what, const char* message);
void ReportSkip(const char* file, int line, const char* message);

}  // namespace internal
}  // namespace zxtest

#define ZXTEST_DEFINE_TEST_(Suite, Case, Fixture)                                                \
  class Suite##_##Case##_Test final : public Fixture {                                           \
    void TestBody() override;                                                                    \
                                                                                                 \
   public:                                                                                       \
    static const bool zxtest_registered;                                                         \
  };                                                                                             \
  const bool Suite##_##Case##_Test::zxtest_registered =                                          \
      ::zxtest::internal::AddTestOf<Suite##_##Case##_Test>(#Suite, #Case, {__FILE__, __LINE__}); \
  void Suite##_##Case##_Test::TestBody()
