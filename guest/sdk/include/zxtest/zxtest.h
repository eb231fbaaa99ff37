// A test framework with the macros of Zircon's zxtest, so that tests written for it compile unchanged.
//
// Tests register themselves before main; a program without main of its own gets one that runs them. Output and options
// (--gtest_filter, --gtest_list_tests, --gtest_repeat, --gtest_also_run_disabled_tests) are GoogleTest's, so that CTest
// and people can read them. The exit code is 0 only if at least one test ran and none failed.
//
// An ASSERT_ returns from the function that it stands in, so it can only stand in functions that return void; an
// EXPECT_ goes on. Both take a printf-style message behind their arguments and may be used from any thread of the test.
#pragma once

#include <zircon/types.h>
#include <zxtest/assertions.h>
#include <zxtest/parameters.h>
#include <zxtest/test.h>

// ---- Tests ---------------------------------------------------------------------------------------------------------

#define TEST(Suite, Case) ZXTEST_DEFINE_TEST_(Suite, Case, ::zxtest::Test)
#define TEST_F(Fixture, Case) ZXTEST_DEFINE_TEST_(Fixture, Case, Fixture)

// A test for each value of each INSTANTIATE_TEST_SUITE_P of its fixture, which derives from zxtest::TestWithParam<T>.
#define TEST_P(Fixture, Case)                                                                     \
  class Fixture##_##Case##_Test final : public Fixture {                                          \
    void TestBody() override;                                                                     \
  };                                                                                              \
  static const bool zxtest_pattern_##Fixture##_##Case = ::zxtest::internal::AddPattern<Fixture>(  \
      #Fixture, #Case, {__FILE__, __LINE__}, &::zxtest::internal::Make<Fixture##_##Case##_Test>); \
  void Fixture##_##Case##_Test::TestBody()

// `generator` is one of zxtest::testing; behind it may stand a function that names a value: std::string (const
// zxtest::TestParamInfo<T>&), or index numbers are used.
#define INSTANTIATE_TEST_SUITE_P(prefix, Fixture, generator, ...) \
  static const bool zxtest_instantiation_##prefix##_##Fixture =   \
      ::zxtest::internal::AddInstantiation<Fixture>(#Fixture, #prefix, (generator)__VA_OPT__(, ) __VA_ARGS__)
#define INSTANTIATE_TEST_CASE_P INSTANTIATE_TEST_SUITE_P

// Ends the test as skipped, with a printf-style reason.
#define ZXTEST_SKIP(...)                                                                      \
  do {                                                                                        \
    ::zxtest::internal::ReportSkip(__FILE__, __LINE__, ZXTEST_MESSAGE_(__VA_ARGS__).c_str()); \
    return;                                                                                   \
  } while (false)

// ---- Truth and comparison ------------------------------------------------------------------------------------------

#define EXPECT_TRUE(value, ...) ZXTEST_EXPECT_(::zxtest::internal::IsTrue(#value, (value) ? true : false), __VA_ARGS__)
#define ASSERT_TRUE(value, ...) ZXTEST_ASSERT_(::zxtest::internal::IsTrue(#value, (value) ? true : false), __VA_ARGS__)
#define EXPECT_FALSE(value, ...) \
  ZXTEST_EXPECT_(::zxtest::internal::IsFalse(#value, (value) ? true : false), __VA_ARGS__)
#define ASSERT_FALSE(value, ...) \
  ZXTEST_ASSERT_(::zxtest::internal::IsFalse(#value, (value) ? true : false), __VA_ARGS__)

#define EXPECT_EQ(a, b, ...) ZXTEST_EXPECT_(ZXTEST_COMPARE_(==, a, b), __VA_ARGS__)
#define ASSERT_EQ(a, b, ...) ZXTEST_ASSERT_(ZXTEST_COMPARE_(==, a, b), __VA_ARGS__)
#define EXPECT_NE(a, b, ...) ZXTEST_EXPECT_(ZXTEST_COMPARE_(!=, a, b), __VA_ARGS__)
#define ASSERT_NE(a, b, ...) ZXTEST_ASSERT_(ZXTEST_COMPARE_(!=, a, b), __VA_ARGS__)
#define EXPECT_LT(a, b, ...) ZXTEST_EXPECT_(ZXTEST_COMPARE_(<, a, b), __VA_ARGS__)
#define ASSERT_LT(a, b, ...) ZXTEST_ASSERT_(ZXTEST_COMPARE_(<, a, b), __VA_ARGS__)
#define EXPECT_LE(a, b, ...) ZXTEST_EXPECT_(ZXTEST_COMPARE_(<=, a, b), __VA_ARGS__)
#define ASSERT_LE(a, b, ...) ZXTEST_ASSERT_(ZXTEST_COMPARE_(<=, a, b), __VA_ARGS__)
#define EXPECT_GT(a, b, ...) ZXTEST_EXPECT_(ZXTEST_COMPARE_(>, a, b), __VA_ARGS__)
#define ASSERT_GT(a, b, ...) ZXTEST_ASSERT_(ZXTEST_COMPARE_(>, a, b), __VA_ARGS__)
#define EXPECT_GE(a, b, ...) ZXTEST_EXPECT_(ZXTEST_COMPARE_(>=, a, b), __VA_ARGS__)
#define ASSERT_GE(a, b, ...) ZXTEST_ASSERT_(ZXTEST_COMPARE_(>=, a, b), __VA_ARGS__)

#define EXPECT_NULL(value, ...) ZXTEST_EXPECT_(ZXTEST_COMPARE_(==, value, nullptr), __VA_ARGS__)
#define ASSERT_NULL(value, ...) ZXTEST_ASSERT_(ZXTEST_COMPARE_(==, value, nullptr), __VA_ARGS__)
#define EXPECT_NOT_NULL(value, ...) ZXTEST_EXPECT_(ZXTEST_COMPARE_(!=, value, nullptr), __VA_ARGS__)
#define ASSERT_NOT_NULL(value, ...) ZXTEST_ASSERT_(ZXTEST_COMPARE_(!=, value, nullptr), __VA_ARGS__)

// ---- Status codes: a zx_status_t, or something with status_value() --------------------------------------------------

#define EXPECT_OK(status, ...) ZXTEST_EXPECT_(::zxtest::internal::IsOk(#status, (status)), __VA_ARGS__)
#define ASSERT_OK(status, ...) ZXTEST_ASSERT_(::zxtest::internal::IsOk(#status, (status)), __VA_ARGS__)
#define EXPECT_NOT_OK(status, ...) ZXTEST_EXPECT_(::zxtest::internal::IsNotOk(#status, (status)), __VA_ARGS__)
#define ASSERT_NOT_OK(status, ...) ZXTEST_ASSERT_(::zxtest::internal::IsNotOk(#status, (status)), __VA_ARGS__)
#define EXPECT_STATUS(a, b, ...) ZXTEST_EXPECT_(::zxtest::internal::IsStatus(#a, #b, (a), (b)), __VA_ARGS__)
#define ASSERT_STATUS(a, b, ...) ZXTEST_ASSERT_(::zxtest::internal::IsStatus(#a, #b, (a), (b)), __VA_ARGS__)

// ---- Strings and memory --------------------------------------------------------------------------------------------

#define EXPECT_STREQ(a, b, ...) ZXTEST_EXPECT_(::zxtest::internal::StringsEqual(#a, #b, (a), (b)), __VA_ARGS__)
#define ASSERT_STREQ(a, b, ...) ZXTEST_ASSERT_(::zxtest::internal::StringsEqual(#a, #b, (a), (b)), __VA_ARGS__)
#define EXPECT_STRNE(a, b, ...) ZXTEST_EXPECT_(::zxtest::internal::StringsDiffer(#a, #b, (a), (b)), __VA_ARGS__)
#define ASSERT_STRNE(a, b, ...) ZXTEST_ASSERT_(::zxtest::internal::StringsDiffer(#a, #b, (a), (b)), __VA_ARGS__)
#define EXPECT_SUBSTR(a, b, ...) ZXTEST_EXPECT_(::zxtest::internal::HasSubstring(#a, #b, (a), (b)), __VA_ARGS__)
#define ASSERT_SUBSTR(a, b, ...) ZXTEST_ASSERT_(::zxtest::internal::HasSubstring(#a, #b, (a), (b)), __VA_ARGS__)
#define EXPECT_BYTES_EQ(a, b, size, ...) \
  ZXTEST_EXPECT_(::zxtest::internal::BytesEqual(#a, #b, (a), (b), (size)), __VA_ARGS__)
#define ASSERT_BYTES_EQ(a, b, size, ...) \
  ZXTEST_ASSERT_(::zxtest::internal::BytesEqual(#a, #b, (a), (b), (size)), __VA_ARGS__)
#define EXPECT_BYTES_NE(a, b, size, ...) \
  ZXTEST_EXPECT_(::zxtest::internal::BytesDiffer(#a, #b, (a), (b), (size)), __VA_ARGS__)
#define ASSERT_BYTES_NE(a, b, size, ...) \
  ZXTEST_ASSERT_(::zxtest::internal::BytesDiffer(#a, #b, (a), (b), (size)), __VA_ARGS__)

// ---- Control -------------------------------------------------------------------------------------------------------

#define ADD_FAILURE(...) \
  ::zxtest::internal::ReportFailure(false, __FILE__, __LINE__, "failure", ZXTEST_MESSAGE_(__VA_ARGS__).c_str())
#define ADD_FATAL_FAILURE(...) \
  ::zxtest::internal::ReportFailure(true, __FILE__, __LINE__, "fatal failure", ZXTEST_MESSAGE_(__VA_ARGS__).c_str())
#define FAIL(...)                   \
  do {                              \
    ADD_FATAL_FAILURE(__VA_ARGS__); \
    return;                         \
  } while (false)

#define CURRENT_TEST_HAS_FAILURES() (::zxtest::internal::HasFailures())
#define CURRENT_TEST_HAS_FATAL_FAILURES() (::zxtest::internal::HasFatalFailures())

// Runs a statement that contains ASSERT_s; the second form returns, too, if one of them failed.
#define EXPECT_NO_FATAL_FAILURE(statement, ...) \
  do {                                          \
    statement;                                  \
    if (CURRENT_TEST_HAS_FATAL_FAILURES()) {    \
      ADD_FAILURE(__VA_ARGS__);                 \
    }                                           \
  } while (false)
#define ASSERT_NO_FATAL_FAILURE(statement, ...) \
  do {                                          \
    statement;                                  \
    if (CURRENT_TEST_HAS_FATAL_FAILURES()) {    \
      FAIL(__VA_ARGS__);                        \
    }                                           \
  } while (false)
#define ASSERT_NO_FATAL_FAILURES ASSERT_NO_FATAL_FAILURE
#define EXPECT_NO_FATAL_FAILURES EXPECT_NO_FATAL_FAILURE
#define ASSERT_NO_FAILURES(statement, ...) \
  do {                                     \
    statement;                             \
    if (CURRENT_TEST_HAS_FAILURES()) {     \
      FAIL(__VA_ARGS__);                   \
    }                                      \
  } while (false)

// Runs the tests that the options select and returns the exit code.
int RUN_ALL_TESTS(int argument_count, char** arguments);
