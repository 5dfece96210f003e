# SPDX-License-Identifier: Apache-2.0
# What `make install` and the .deb hold. Completion scripts are made by the binary itself.
include(GNUInstallDirs)
set(completion_dir ${CMAKE_BINARY_DIR}/completion)
foreach(shell bash zsh fish)
  add_custom_command(OUTPUT ${completion_dir}/trimtab.${shell}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${completion_dir}
    COMMAND $<TARGET_FILE:trimtab> completion ${shell} > ${completion_dir}/trimtab.${shell}
    DEPENDS trimtab VERBATIM)
  list(APPEND completions ${completion_dir}/trimtab.${shell})
endforeach()
add_custom_target(completion ALL DEPENDS ${completions})

install(TARGETS trimtab RUNTIME DESTINATION bin)
install(FILES ${completion_dir}/trimtab.bash DESTINATION share/bash-completion/completions RENAME trimtab)
install(FILES ${completion_dir}/trimtab.zsh DESTINATION share/zsh/vendor-completions RENAME _trimtab)
install(FILES ${completion_dir}/trimtab.fish DESTINATION share/fish/vendor_completions.d)
install(FILES ${CMAKE_SOURCE_DIR}/packaging/trimtab.service DESTINATION /usr/lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/packaging/trimtab.yaml DESTINATION /etc/trimtab)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/samples DESTINATION share/trimtab PATTERN "*.py" EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION share/doc/trimtab FILES_MATCHING PATTERN "*.md")
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/trimtab RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME trimtab)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "The Trimtab authors <maintainers@trimtab.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "performance intelligence: telemetry in, a truthful brief out")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Takes in an estate's telemetry (Prometheus remote write, OTLP, scraping, import), keeps it,
 and says what is out of the ordinary and why, with evidence.")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/packaging/postinst;${CMAKE_SOURCE_DIR}/packaging/prerm;${CMAKE_SOURCE_DIR}/packaging/conffiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
include(CPack)
