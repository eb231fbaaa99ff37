#include "vmm/symbols/symbol_set.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/vmm/support/temporary_file.h"
#include "tests/vmm/symbols/explained_code.h"
#include "tests/vmm/symbols/own_memory.h"

namespace vmm {
namespace {

uint64_t AddressOf(const void* object) { return reinterpret_cast<uint64_t>(object); }

TEST(ReadableName, IsWithoutParameters) {
  EXPECT_EQ(ReadableName("_ZN2gk5PanicEPKc"), "gk::Panic");
  EXPECT_EQ(ReadableName("_ZN12_GLOBAL__N_19WriteNullEv"), "WriteNull");
  EXPECT_EQ(ReadableName("_ZNK1AclEi"), "A::operator()");
  EXPECT_EQ(ReadableName("_ZNK1A3getEv"), "A::get");
  EXPECT_EQ(ReadableName("main"), "main");
  EXPECT_EQ(ReadableName("_Zwhatever"), "_Zwhatever");
}

TEST(SymbolSet, NamesFunctionsAndDistancesFromTheirStart) {
  const SymbolSet symbols = OwnSymbols();
  EXPECT_EQ(symbols.Describe(AddressOf(explained_jump)), "explained_jump");
  EXPECT_EQ(symbols.Describe(AddressOf(explained_target) + 1), "explained_target+0x1");
  EXPECT_EQ(symbols.Find("explained_target"), AddressOf(explained_target));
  EXPECT_EQ(symbols.Find("no such symbol"), std::nullopt);
  EXPECT_EQ(symbols.FileAt(AddressOf(explained_jump)), "self");
}

TEST(SymbolSet, LocatesFunctionsByLine) {
  const SymbolSet symbols = OwnSymbols();

  const std::vector<CodeLocation> locations = symbols.Locate(AddressOf(reinterpret_cast<void*>(&explained::Outer)));

  ASSERT_EQ(locations.size(), 1u);
  EXPECT_EQ(locations[0].function, "explained::Outer");
  EXPECT_EQ(locations[0].file, "tests/vmm/symbols/explained_code.cc");
  EXPECT_GT(locations[0].line, explained::kMiddleLine);
  EXPECT_FALSE(locations[0].inlined);
}

TEST(SymbolSet, KnowsNothingOfAddressesOutsideItsFiles) {
  const SymbolSet symbols = OwnSymbols();
  EXPECT_EQ(symbols.Describe(0), "");
  EXPECT_TRUE(symbols.Locate(~uint64_t{0}).empty());
  EXPECT_EQ(symbols.FileAt(0x1000), "");
  EXPECT_FALSE(symbols.HasLines(0x1000));
  EXPECT_EQ(SymbolSet().Describe(AddressOf(explained_jump)), "");
}

TEST(SymbolSet, RefusesWhatIsNoElfFileInOneLine) {
  SymbolSet symbols;
  const auto missing = symbols.AddFile("program", "/nonexistent/program");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message(), "/nonexistent/program: No such file or directory");

  const auto text = symbols.AddBytes("words", std::as_bytes(std::span("not an ELF file")));
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().message().find("words: "), 0u);
  EXPECT_EQ(text.error().message().find('\n'), std::string::npos);
}

TEST(SymbolSet, TakesAFileFromMemory) {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  SymbolSet symbols;

  ASSERT_TRUE(symbols.AddBytes("copy", std::as_bytes(std::span(bytes)), AddressOf(__executable_start)).ok());

  EXPECT_EQ(symbols.Describe(AddressOf(explained_jump)), "explained_jump");
}

}  // namespace
}  // namespace vmm
