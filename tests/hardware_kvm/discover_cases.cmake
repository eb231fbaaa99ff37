# Included by CTest when it starts, with `look_up`, `results` and `test_programs` (their folder) set: one CTest case on the
# hardware-semantics KVM for each case of the GoogleTest programs that run there. The filters are run_in_machine.sh's.

function(discover_cases section program filter)
  execute_process(COMMAND "${test_programs}/${program}" --gtest_list_tests "--gtest_filter=${filter}"
                  RESULT_VARIABLE failed OUTPUT_VARIABLE listing ERROR_QUIET)
  if(failed)
    add_test(hardware-kvm.${section} sh -c "echo 'the cases of ${program} cannot be listed'; exit 1")
    set_tests_properties(hardware-kvm.${section} PROPERTIES LABELS hardware-kvm)
  endif()
  string(REPLACE ";" "" listing "${listing}")
  string(REPLACE "\n" ";" lines "${listing}")
  set(suite "")
  foreach(line IN LISTS lines)
    if(line MATCHES "^([A-Za-z0-9_/]+\\.)")
      set(suite "${CMAKE_MATCH_1}")
    elseif(suite AND line MATCHES "^  ([A-Za-z0-9_/]+)")
      set(case "${suite}${CMAKE_MATCH_1}")
      add_test("hardware-kvm.${section}.${case}" "${look_up}" "${results}" ${section} "${case}")
      set_tests_properties("hardware-kvm.${section}.${case}" PROPERTIES LABELS hardware-kvm
                           FIXTURES_REQUIRED hardware-kvm SKIP_RETURN_CODE 77)
    endif()
  endforeach()
endfunction()

discover_cases(integration pagoda_integration_test "-Each/BadKernel.*:Each/BadBootImage.*:BlobTest.*:OverlayTest.*")
discover_cases(gdb pagoda_gdb_guest_test
               "Cpus/StopsTest.TheKernelsEntry*/1:Cpus/StopsTest.AStepOver*/1:Cpus/StopsTest.AWatchpoint*/1")
