# How tests are declared. Every test is a CTest case of its own, with a label that says what it needs:
#
#   unit          nothing but this process: also run under AddressSanitizer and UndefinedBehaviorSanitizer
#   unit-threads  the same with threads of the host in it: also run under ThreadSanitizer
#   kvm           the machine's own /dev/kvm; skipped, with the reason, where there is none
#   guest         the same: a test case inside a guest program
#   hardware-kvm  QEMU from Debian, no /dev/kvm: tests/hardware_kvm
#   servers       nbdkit and nbd-server, no /dev/kvm: tests/devices/pager/nbd
#   gdb           gdb and lldb, no /dev/kvm: tests/vmm/gdb
#   install       a compiler, at test time: what is built against an installation; tests/devices/install
#   fuzz          a fuzz target run over its corpus, only in the preset fuzz

include(GoogleTest)

set(PAGODA_TEST_OUTPUT ${CMAKE_BINARY_DIR}/tests/bin)

# The sanitizer builds run every unit test; the script that runs them all leaves them out of the release build, where their
# compilation would take as long again as everything else.
option(PAGODA_UNIT_TESTS "Build and declare the unit tests" ON)

# All host tests that need no KVM, by one name, and those of them with threads: what the sanitizer presets build.
add_custom_target(pagoda_unit_tests)
add_custom_target(pagoda_thread_tests)

# Test code is compiled without optimisation: it runs for milliseconds, and optimising GoogleTest's macros takes two thirds
# of a build. What it tests is in libraries, which keep the preset's level; OPTIMIZED below is for programs whose own
# code computes.
set(PAGODA_TEST_FLAGS $<$<CONFIG:RelWithDebInfo>:-O0>)

# The headers that nearly every test includes, compiled once. Not with a compiler cache in front, which can keep nothing
# that includes a precompiled header unless it is told to be careless.
if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_package(GTest REQUIRED)
  file(WRITE ${CMAKE_BINARY_DIR}/tests/precompiled.cc "")
  add_library(pagoda_test_headers OBJECT ${CMAKE_BINARY_DIR}/tests/precompiled.cc)
  pagoda_host_target(pagoda_test_headers)
  target_compile_options(pagoda_test_headers PRIVATE ${PAGODA_TEST_FLAGS})
  target_link_libraries(pagoda_test_headers PRIVATE GTest::gtest)
  target_precompile_headers(pagoda_test_headers PRIVATE
    <gmock/gmock.h> <gtest/gtest.h> <algorithm> <array> <atomic> <chrono> <condition_variable> <functional> <map>
    <memory> <mutex> <optional> <random> <span> <string> <string_view> <thread> <utility> <variant> <vector>)
endif()

# pagoda_test(<target> SOURCES <file>... [LIBRARIES <library>...] [LABEL <label>] [NO_MAIN] [OPTIMIZED])
#
# A GoogleTest program; each of its cases becomes the CTest case <target>.<Suite>.<Case> with the label (default unit).
# NO_MAIN: the program has a main of its own. OPTIMIZED: it is compiled as its preset says.
function(pagoda_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_MAIN;OPTIMIZED" "LABEL" "SOURCES;LIBRARIES")
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  find_package(GTest REQUIRED)
  add_executable(${target} ${arg_SOURCES})
  pagoda_host_target(${target})
  if(NOT arg_OPTIMIZED)
    target_compile_options(${target} PRIVATE ${PAGODA_TEST_FLAGS})
    if(TARGET pagoda_test_headers)
      target_precompile_headers(${target} REUSE_FROM pagoda_test_headers)
    endif()
  endif()
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} GTest::gtest)
  if(NOT arg_NO_MAIN)
    target_link_libraries(${target} PRIVATE GTest::gtest_main)
  endif()
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PAGODA_TEST_OUTPUT})
  if(arg_LABEL STREQUAL "unit-threads")
    add_dependencies(pagoda_thread_tests ${target})
  endif()
  if(arg_LABEL MATCHES "^unit")
    add_dependencies(pagoda_unit_tests ${target})
    if(NOT PAGODA_UNIT_TESTS)
      set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL TRUE)
      return()
    endif()
  endif()
  if(PAGODA_SANITIZE)
    # One CTest case for the whole program: a sanitizer's start-up takes longer than most cases.
    add_test(NAME ${target} COMMAND ${target})
    set_tests_properties(${target} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 600)
    return()
  endif()
  # Listed when CTest starts, not during the build: a test that cannot even list its cases then fails as a test.
  gtest_discover_tests(${target} TEST_PREFIX ${target}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS ${arg_LABEL} TIMEOUT 120)
endfunction()

add_custom_target(pagoda_fuzz_targets)

# pagoda_fuzz_test(<target> SOURCES <file>... [LIBRARIES <library>...] [CORPUS <folder>])
#
# A libFuzzer program, named *_fuzz, only where PAGODA_FUZZ is on. As a CTest case it runs its corpus and a fixed, small
# number of inputs from a fixed seed; scripts/fuzz runs it for as long as one likes.
function(pagoda_fuzz_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;LIBRARIES")
  if(NOT PAGODA_FUZZ)
    return()
  endif()
  add_executable(${target} ${arg_SOURCES})
  pagoda_host_target(${target})
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PAGODA_TEST_OUTPUT})
  add_dependencies(pagoda_fuzz_targets ${target})
  add_test(NAME fuzz.${target} COMMAND ${target} -runs=20000 -seed=1 ${arg_CORPUS})
  set_tests_properties(fuzz.${target} PROPERTIES LABELS fuzz TIMEOUT 300)
endfunction()

# pagoda_guest_tests(<program> [IMAGE <image>] [OWN_KVM_ONLY] [OPTIONS <option of pagoda run>...])
#
# Declares that this program of a boot image (default: sample) is a zxtest program. On the machine's own KVM each of its
# cases becomes the CTest case guest.<program>.<Suite>.<Case>, in a guest of four CPUs; on the hardware-semantics KVM the
# program is one case. Guest programs can only be asked for their cases by running them, so this happens when CTest
# starts; where there is no /dev/kvm the program is one skipped case instead. OWN_KVM_ONLY: not on the hardware-semantics
# KVM, whose emulator takes minutes for what computes for seconds.
function(pagoda_guest_tests program)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OWN_KVM_ONLY" "IMAGE" "OPTIONS")
  if(NOT arg_IMAGE)
    set(arg_IMAGE sample)
  endif()
  if(NOT arg_OWN_KVM_ONLY)
    set_property(GLOBAL APPEND PROPERTY PAGODA_GUEST_TEST_PROGRAMS ${program})
    # How to run it, for a shell: the program, its image, options.
    list(JOIN arg_OPTIONS " " options)
    set_property(GLOBAL APPEND PROPERTY PAGODA_GUEST_TEST_RUNS "${program} ${arg_IMAGE} ${options}")
  endif()
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${program}-guest-tests.cmake)
  file(WRITE ${file} "set(program [==[${program}]==])\nset(pagoda [==[${CMAKE_BINARY_DIR}/bin/pagoda]==])\n"
                     "set(options [==[--bootfs;${PAGODA_GUEST_OUTPUT}/${arg_IMAGE}.bootfs;${arg_OPTIONS}]==])\n"
                     "include([==[${CMAKE_SOURCE_DIR}/tests/discover_guest_tests.cmake]==])\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${file})
endfunction()
