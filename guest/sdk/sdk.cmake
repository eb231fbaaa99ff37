# How a guest program is built: the flags of user code, and add_guest_program.
#
# The compiler is the host's, with its C++ library's headers and the C headers for declarations; nothing of the host's C
# library is linked. -fno-exceptions and -fno-rtti as everywhere in the guest; baseline x86-64, because a virtual CPU may
# lack what the host has. _GLIBCXX_ASSERTIONS checks the indices of containers and keeps std::string's code in the
# program instead of the library's copy, which was compiled with exceptions. Frame pointers are kept for backtraces.
set(PAGODA_USER_FLAGS
    -O2 -g -fno-exceptions -fno-rtti -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables
    -fcf-protection=none -fno-pic -fno-pie -march=x86-64 -mtune=generic -fno-omit-frame-pointer -ffunction-sections
    -fdata-sections -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)

# pagoda_user_target(<target>): compiles a target as user code of the guest.
function(pagoda_user_target target)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${PAGODA_WARNINGS};${PAGODA_USER_FLAGS}>
                                           $<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Werror;${PAGODA_C_USER_FLAGS}>)
  # __NO_INLINE__ keeps the C headers from bringing function bodies that belong to the host's C library.
  target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS __NO_INLINE__)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  target_include_directories(${target} SYSTEM PRIVATE ${CMAKE_SOURCE_DIR}/guest/sdk/include
                                                      ${CMAKE_SOURCE_DIR}/shared/abi)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
endfunction()
set(PAGODA_C_USER_FLAGS ${PAGODA_USER_FLAGS})
list(REMOVE_ITEM PAGODA_C_USER_FLAGS -fno-rtti)

# add_guest_program(<name> <source>...)
#
# Makes ${PAGODA_GUEST_OUTPUT}/programs/<name>, a program for a boot image. The target is called program-<name>, so that
# program names can be as short as on any system. A program without main gets that of zxtest.
function(add_guest_program name)
  set(target program-${name})
  add_executable(${target} ${ARGN} $<TARGET_OBJECTS:pagoda_crt>)
  pagoda_user_target(${target})
  set(script ${CMAKE_SOURCE_DIR}/guest/sdk/program.ld)
  # The SDK is linked whole (unused sections are dropped): what it defines is then never looked for in libstdc++.a, whose
  # objects would bring the exception machinery with them.
  target_link_libraries(${target} PRIVATE -Wl,--whole-archive pagoda_sdk -Wl,--no-whole-archive -Wl,--start-group
                                          pagoda_zxtest -l:libstdc++.a -lgcc -Wl,--end-group)
  target_link_options(
    ${target} PRIVATE -nostdlib -static -no-pie -Wl,-T,${script} -Wl,--gc-sections -Wl,--build-id=none
    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,-z,norelro)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} LINK_DEPENDS ${script}
                                             RUNTIME_OUTPUT_DIRECTORY ${PAGODA_GUEST_OUTPUT}/programs)
endfunction()
