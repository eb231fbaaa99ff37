# What `cmake --install` puts in place, in two components:
#
#   sdk      the libraries that a pager is made of, their headers, and the package: find_package(pagoda), target
#            pagoda::pager
#   monitor  bin/pagoda, and in lib/pagoda the kernel and the boot image that it takes when none is named
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/pagoda)
# Headers keep their paths of the tree, below a folder of their own.
set(header_folder ${CMAKE_INSTALL_INCLUDEDIR}/pagoda)

# Authors link one target; that it has two libraries is of no interest to them.
set_target_properties(pagoda_pager PROPERTIES EXPORT_NAME pager_core)
set_target_properties(pagoda_pager_remote PROPERTIES EXPORT_NAME pager)
target_compile_features(pagoda_pager PUBLIC cxx_std_20)
install(TARGETS pagoda_pager pagoda_pager_remote EXPORT pagoda COMPONENT sdk
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${header_folder} ${header_folder}/shared/abi)
install(EXPORT pagoda NAMESPACE pagoda:: FILE pagoda-targets.cmake DESTINATION ${package_folder} COMPONENT sdk)

set(sdk_headers
  devices/core/error.h devices/core/service_thread.h
  devices/pager/alarm.h devices/pager/asio.h devices/pager/async_call.h devices/pager/dirty_budget.h
  devices/pager/file_io.h devices/pager/page_source.h devices/pager/pieces.h devices/pager/remote/server.h devices/pager/request.h
  devices/pager/runtime.h devices/pager/store.h
  devices/pager/store_source.h devices/pager/vmo_control.h devices/pager/writeback.h
  devices/pager/writeback_options.h devices/pager/writeback_pass.h
  shared/base/range.h shared/base/result.h)
foreach(header IN LISTS sdk_headers)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${CMAKE_SOURCE_DIR}/${header} DESTINATION ${header_folder}/${folder} COMPONENT sdk)
endforeach()
install(DIRECTORY ${CMAKE_SOURCE_DIR}/shared/abi/zircon DESTINATION ${header_folder}/shared/abi COMPONENT sdk
        FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_SOURCE_DIR}/devices/pager/include/pagoda/pager.h DESTINATION ${header_folder} COMPONENT sdk)

configure_package_config_file(${CMAKE_SOURCE_DIR}/devices/pager/pagoda-config.cmake.in
                              ${CMAKE_BINARY_DIR}/pagoda-config.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/pagoda-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/pagoda-config.cmake ${CMAKE_BINARY_DIR}/pagoda-config-version.cmake
        DESTINATION ${package_folder} COMPONENT sdk)

install(TARGETS pagoda COMPONENT monitor)
install(FILES ${PAGODA_GUEST_OUTPUT}/kernel.elf ${PAGODA_GUEST_OUTPUT}/sample.bootfs
        DESTINATION lib/pagoda COMPONENT monitor)
