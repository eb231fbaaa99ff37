# Included by CTest when it starts, with `look_up`, `results` and `test_program` set: one CTest case on the
# hardware-semantics KVM for each case of the integration tests.
# The filter is run_in_machine.sh's.
execute_process(COMMAND "${test_program}" --gtest_list_tests "--gtest_filter=-Each/BadKernel.*:Each/BadBootImage.*:BlobTest.*:OverlayTest.*" RESULT_VARIABLE failed OUTPUT_VARIABLE listing ERROR_QUIET)
if(failed)
  add_test(hardware-kvm.integration sh -c "echo 'the integration tests cannot be listed'; exit 1")
  set_tests_properties(hardware-kvm.integration PROPERTIES LABELS hardware-kvm)
endif()
string(REPLACE ";" "" listing "${listing}")
string(REPLACE "\n" ";" lines "${listing}")
set(suite "")
foreach(line IN LISTS lines)
  if(line MATCHES "^([A-Za-z0-9_/]+\\.)")
    set(suite "${CMAKE_MATCH_1}")
  elseif(suite AND line MATCHES "^  ([A-Za-z0-9_/]+)")
    set(case "${suite}${CMAKE_MATCH_1}")
    add_test("hardware-kvm.integration.${case}" "${look_up}" "${results}" integration "${case}")
    set_tests_properties("hardware-kvm.integration.${case}" PROPERTIES LABELS hardware-kvm
                         FIXTURES_REQUIRED hardware-kvm SKIP_RETURN_CODE 77)
  endif()
endforeach()
