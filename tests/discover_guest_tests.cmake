# Included by CTest when it starts, with `program`, `pagoda` and the `options` of its runs set: one CTest case for each test
# case of a guest program. See pagoda_guest_tests in testing.cmake.
include(${CMAKE_CURRENT_LIST_DIR}/listed_cases.cmake)

# Exit code of a skipped test, by the convention of automake.
set(skip_code 77)

function(pagoda_skipped_guest_program reason)
  add_test("guest.${program}" sh -c "echo \"$0\"; exit ${skip_code}" "${reason}")
  set_tests_properties("guest.${program}" PROPERTIES LABELS guest SKIP_RETURN_CODE ${skip_code})
endfunction()

function(pagoda_failed_guest_program reason)
  add_test("guest.${program}" sh -c "echo \"$0\"; exit 1" "${reason}")
  set_tests_properties("guest.${program}" PROPERTIES LABELS guest)
endfunction()

function(pagoda_add_guest_cases listing)
  listed_cases("${listing}" cases)
  foreach(case IN LISTS cases)
    set(name "guest.${program}.${case}")
    add_test("${name}" "${pagoda}" run --cpus 4 --timeout 60 ${options} -- "${program}" "--gtest_filter=${case}")
    set_tests_properties("${name}" PROPERTIES LABELS guest TIMEOUT 120 SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
  endforeach()
  if(NOT cases)
    pagoda_failed_guest_program("${program} --gtest_list_tests named no test case; it printed: ${listing}")
  endif()
endfunction()

if(NOT EXISTS "${pagoda}")
  pagoda_failed_guest_program("${pagoda} has not been built")
else()
  # Opening is the only honest question: the file may be there and still refuse this user.
  execute_process(COMMAND sh -c "exec 3<>/dev/kvm" RESULT_VARIABLE no_kvm OUTPUT_QUIET ERROR_QUIET)
  if(no_kvm)
    pagoda_skipped_guest_program("skipped: /dev/kvm is missing or may not be opened by this user")
  else()
    execute_process(COMMAND "${pagoda}" run --timeout 60 ${options} -- "${program}" --gtest_list_tests
                    RESULT_VARIABLE result OUTPUT_VARIABLE listing ERROR_VARIABLE messages)
    if(result)
      pagoda_failed_guest_program("listing the test cases of ${program} failed (${result}): ${messages}${listing}")
    else()
      pagoda_add_guest_cases("${listing}")
    endif()
  endif()
endif()
