# The install tree: libraries, tools, headers and the CMake package `Fovea`.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Fovea)

get_property(libraries GLOBAL PROPERTY FOVEA_LIBRARIES)
get_property(shared_libraries GLOBAL PROPERTY FOVEA_SHARED_LIBRARIES)
get_property(tools GLOBAL PROPERTY FOVEA_TOOLS)
set_target_properties(${tools} fovea_runtime PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${LLVM_LIBRARY_DIR}")
set_target_properties(${shared_libraries} PROPERTIES INSTALL_RPATH "$ORIGIN;${LLVM_LIBRARY_DIR}")
install(TARGETS ${libraries} ${shared_libraries} ${tools} fovea_runtime EXPORT FoveaTargets)
install(DIRECTORY ${Fovea_SOURCE_DIR}/include/ ${Fovea_SOURCE_DIR}/runtime/include/ ${Fovea_BINARY_DIR}/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.h.inc" PATTERN "CMakeFiles" EXCLUDE)

install(EXPORT FoveaTargets NAMESPACE Fovea:: DESTINATION ${package_dir})
configure_package_config_file(cmake/FoveaConfig.cmake.in ${Fovea_BINARY_DIR}/cmake/FoveaConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${Fovea_BINARY_DIR}/cmake/FoveaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${Fovea_BINARY_DIR}/cmake/FoveaConfig.cmake ${Fovea_BINARY_DIR}/cmake/FoveaConfigVersion.cmake
  cmake/FoveaFindMLIR.cmake DESTINATION ${package_dir})
