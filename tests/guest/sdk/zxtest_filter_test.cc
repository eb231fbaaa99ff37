// The filter language of guest tests: GoogleTest's.
#include "guest/sdk/zxtest/filter.h"

#include <gtest/gtest.h>

namespace {

using zxtest::internal::FilterSelects;

TEST(ZxTestFilter, StarAndQuestionMarkMatchAsInGoogleTest) {
  EXPECT_TRUE(FilterSelects("*", "Suite.Case"));
  EXPECT_TRUE(FilterSelects("Suite.*", "Suite.Case"));
  EXPECT_TRUE(FilterSelects("*.C?se", "Suite.Case"));
  EXPECT_TRUE(FilterSelects("*u*e*", "Suite.Case"));
  EXPECT_TRUE(FilterSelects("Suite.Case", "Suite.Case"));
  EXPECT_FALSE(FilterSelects("Suite", "Suite.Case"));
  EXPECT_FALSE(FilterSelects("Suite.Cas?e", "Suite.Case"));
  EXPECT_FALSE(FilterSelects("*.Cas", "Suite.Case"));
}

TEST(ZxTestFilter, AnyOfSeveralPatternsSelects) {
  EXPECT_TRUE(FilterSelects("A.*:Suite.*", "Suite.Case"));
  EXPECT_FALSE(FilterSelects("A.*:B.*", "Suite.Case"));
}

TEST(ZxTestFilter, WhatStandsBehindADashIsLeftOut) {
  EXPECT_FALSE(FilterSelects("*-Suite.Case", "Suite.Case"));
  EXPECT_TRUE(FilterSelects("*-Suite.Case", "Suite.Other"));
  EXPECT_FALSE(FilterSelects("-A.*:Suite.*", "Suite.Case"));
  EXPECT_TRUE(FilterSelects("-A.*", "Suite.Case"));
  EXPECT_FALSE(FilterSelects("B.*-A.*", "Suite.Case"));
}

TEST(ZxTestFilter, ManyStarsDoNotTakeForEver) {
  const std::string name(60, 'a');
  EXPECT_FALSE(FilterSelects("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
}

}  // namespace
