# `cmake --install BUILD --prefix P --component noc` installs the network (and base, on which it rests)
# for other projects: find_package(spikeloom COMPONENTS noc) and link spikeloom::noc.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(spikeloom_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spikeloom)
set_target_properties(spikeloom_base PROPERTIES EXPORT_NAME base)
set_target_properties(spikeloom_noc PROPERTIES EXPORT_NAME noc)
install(TARGETS spikeloom_options spikeloom_base spikeloom_noc EXPORT spikeloom_targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT noc)
install(DIRECTORY base noc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/spikeloom COMPONENT noc
    FILES_MATCHING PATTERN "*.hpp")
install(EXPORT spikeloom_targets NAMESPACE spikeloom:: DESTINATION ${spikeloom_package_dir} COMPONENT noc)
configure_package_config_file(cmake/spikeloom-config.cmake.in ${PROJECT_BINARY_DIR}/spikeloom-config.cmake
    INSTALL_DESTINATION ${spikeloom_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/spikeloom-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/spikeloom-config.cmake ${PROJECT_BINARY_DIR}/spikeloom-config-version.cmake
    DESTINATION ${spikeloom_package_dir} COMPONENT noc)
