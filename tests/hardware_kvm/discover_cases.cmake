# Included by CTest when it starts, with `look_up`, `results`, `fixture` and `test_programs` (their folder) set:
# discover_cases makes one CTest case for each case of a GoogleTest program that ran on the hardware-semantics KVM.
include(${CMAKE_CURRENT_LIST_DIR}/../listed_cases.cmake)

function(discover_cases section program filter)
  execute_process(COMMAND "${test_programs}/${program}" --gtest_list_tests "--gtest_filter=${filter}"
                  RESULT_VARIABLE failed OUTPUT_VARIABLE listing ERROR_QUIET)
  listed_cases("${listing}" cases)
  if(failed OR NOT cases)
    add_test(hardware-kvm.${section} sh -c "echo 'the cases of ${program} cannot be listed'; exit 1")
    set_tests_properties(hardware-kvm.${section} PROPERTIES LABELS hardware-kvm)
  endif()
  foreach(case IN LISTS cases)
    add_test("hardware-kvm.${section}.${case}" "${look_up}" "${results}" ${section} "${case}")
    set_tests_properties("hardware-kvm.${section}.${case}" PROPERTIES LABELS hardware-kvm FIXTURES_REQUIRED "${fixture}"
                         SKIP_RETURN_CODE 77)
  endforeach()
endfunction()
