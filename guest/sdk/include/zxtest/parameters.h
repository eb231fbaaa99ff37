// Tests over values: zxtest::TestWithParam, the generators of zxtest::testing, and the expansion of TEST_P.
//
// Patterns (TEST_P) and instantiations register in any order before main; the tests are made from both when the run
// starts.
#pragma once

#include <zxtest/test.h>

#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace zxtest {

template <typename T>
class WithParamInterface {
 public:
  using ParamType = T;
  // Valid from the fixture's constructor on.
  static const T& GetParam() { return *current_; }
  static void SetParam(const T* value) { current_ = value; }

 private:
  static inline const T* current_ = nullptr;
};

template <typename T>
class TestWithParam : public Test, public WithParamInterface<T> {};

template <typename T>
struct TestParamInfo {
  T param;
  size_t index;
};

namespace testing {

template <typename... Ts>
class ValueList {
 public:
  explicit ValueList(Ts... values) : values_(std::move(values)...) {}
  template <typename T>
  std::vector<T> Generate() const {
    return std::apply([](const auto&... values) { return std::vector<T>{static_cast<T>(values)...}; }, values_);
  }

 private:
  std::tuple<Ts...> values_;
};

template <typename V>
class ValueVector {
 public:
  explicit ValueVector(std::vector<V> values) : values_(std::move(values)) {}
  template <typename T>
  std::vector<T> Generate() const {
    return std::vector<T>(values_.begin(), values_.end());
  }

 private:
  std::vector<V> values_;
};

template <typename... Generators>
class Product {
 public:
  explicit Product(Generators... generators) : generators_(std::move(generators)...) {}
  // T is a std::tuple; the last element varies fastest.
  template <typename T>
  std::vector<T> Generate() const {
    return GenerateFrom<T>(std::index_sequence_for<Generators...>());
  }

 private:
  template <typename T, size_t... kIndices>
  std::vector<T> GenerateFrom(std::index_sequence<kIndices...>) const {
    auto lists =
        std::make_tuple(std::get<kIndices>(generators_).template Generate<std::tuple_element_t<kIndices, T>>()...);
    const size_t sizes[] = {std::get<kIndices>(lists).size()...};
    size_t total = 1;
    for (const size_t size : sizes) {
      total *= size;
    }
    std::vector<T> product;
    for (size_t i = 0; i < total; ++i) {
      size_t digits[sizeof...(kIndices)];
      size_t rest = i;
      for (size_t position = sizeof...(kIndices); position-- > 0; rest /= sizes[position]) {
        digits[position] = rest % sizes[position];
      }
      product.push_back(T(std::get<kIndices>(lists)[digits[kIndices]]...));
    }
    return product;
  }
  std::tuple<Generators...> generators_;
};

template <typename... Ts>
auto Values(Ts... values) {
  return ValueList<Ts...>(std::move(values)...);
}
template <typename Container>
auto ValuesIn(const Container& container) {
  using V = std::decay_t<decltype(*std::begin(container))>;
  return ValueVector<V>(std::vector<V>(std::begin(container), std::end(container)));
}
inline auto Bool() { return Values(false, true); }
template <typename T, typename Step = int>
auto Range(T first, T limit, Step step = 1) {
  std::vector<T> values;
  for (T value = first; value < limit; value = static_cast<T>(value + step)) {
    values.push_back(value);
  }
  return ValueVector<T>(std::move(values));
}
template <typename... Generators>
auto Combine(Generators... generators) {
  return Product<Generators...>(std::move(generators)...);
}

}  // namespace testing

using testing::Bool;
using testing::Combine;
using testing::Range;
using testing::Values;
using testing::ValuesIn;

namespace internal {

// A fixture whose patterns and instantiations are expanded into tests when the run starts.
class ParameterizedSuite {
 public:
  virtual ~ParameterizedSuite() = default;
  virtual void Expand() = 0;
};
void AddParameterizedSuite(ParameterizedSuite* suite);

template <typename Fixture>
class SuiteOf final : public ParameterizedSuite {
 public:
  using Param = typename Fixture::ParamType;
  struct Pattern {
    std::string name;
    SourceLocation location;
    std::unique_ptr<Test> (*make)();
  };
  struct Instantiation {
    std::string prefix;
    std::vector<Param> values;
    std::vector<std::string> names;
  };

  static SuiteOf& Get(const char* name) {
    static SuiteOf* const suite = [name] {
      auto* made = new SuiteOf(name);
      AddParameterizedSuite(made);
      return made;
    }();
    return *suite;
  }
  void Add(Pattern pattern) { patterns_.push_back(std::move(pattern)); }
  void Add(Instantiation instantiation) { instantiations_.push_back(std::move(instantiation)); }

  void Expand() override {
    for (const Instantiation& instantiation : instantiations_) {
      for (const Pattern& pattern : patterns_) {
        for (size_t i = 0; i < instantiation.values.size(); ++i) {
          AddBound(instantiation, pattern, i);
        }
      }
    }
  }

 private:
  explicit SuiteOf(const char* name) : name_(name) {}
  void AddBound(const Instantiation& instantiation, const Pattern& pattern, size_t index) {
    const Param* value = &instantiation.values[index];
    auto make = [value, inner = pattern.make] {
      Fixture::SetParam(value);
      return inner();
    };
    AddTest({instantiation.prefix + "/" + name_, pattern.name + "/" + instantiation.names[index], pattern.location,
             make, &Fixture::SetUpTestSuite, &Fixture::TearDownTestSuite});
  }

  std::string name_;
  std::vector<Pattern> patterns_;
  std::vector<Instantiation> instantiations_;
};

template <typename Fixture>
bool AddPattern(const char* suite, const char* name, SourceLocation location, std::unique_ptr<Test> (*make)()) {
  SuiteOf<Fixture>::Get(suite).Add({name, location, make});
  return true;
}

template <typename Fixture, typename Generator, typename Namer>
bool AddInstantiation(const char* suite, const char* prefix, const Generator& generator, Namer namer) {
  using Param = typename Fixture::ParamType;
  typename SuiteOf<Fixture>::Instantiation instantiation = {prefix, generator.template Generate<Param>(), {}};
  for (size_t i = 0; i < instantiation.values.size(); ++i) {
    instantiation.names.push_back(namer(TestParamInfo<Param>{instantiation.values[i], i}));
  }
  SuiteOf<Fixture>::Get(suite).Add(std::move(instantiation));
  return true;
}

template <typename Fixture, typename Generator>
bool AddInstantiation(const char* suite, const char* prefix, const Generator& generator) {
  return AddInstantiation<Fixture>(suite, prefix, generator,
                                   [](const auto& info) { return std::to_string(info.index); });
}

}  // namespace internal
}  // namespace zxtest

namespace testing = zxtest::testing;
