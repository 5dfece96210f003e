# SPDX-License-Identifier: Apache-2.0
# Precompiled standard headers for the sanitizer builds, which compile every file twice more: a third of
# their compile time was parsing. Not for other builds: a precompiled header keeps ccache from sharing
# objects between clones.
#   trimtab_precompile(TARGET)        headers of precompiled.h
#   trimtab_precompile_tests(TARGET)  those of precompiled_test.h; without optimisation, and (beside
#                                     AddressSanitizer) without UBSan in the test code itself: generating
#                                     code for its macros took most of the time
if(NOT TRIMTAB_SANITIZE)
  function(trimtab_precompile target)
  endfunction()
  function(trimtab_precompile_tests target)
  endfunction()
  return()
endif()

add_compile_options(-pthread)  # defines _REENTRANT, which must not differ between header and user
set(test_options -O0)
if(TRIMTAB_SANITIZE MATCHES "undefined")
  list(APPEND test_options -fno-sanitize=undefined)
endif()
file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cc "")

# What a header was precompiled with and what uses it must agree on macros: hence all that any room links.
function(trimtab_precompiled_library name header)
  add_library(${name} STATIC ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(${name} PRIVATE fmt::fmt spdlog::spdlog ${ARGN})
  target_precompile_headers(${name} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/${header})
endfunction()

trimtab_precompiled_library(trimtab_precompiled precompiled.h)
function(trimtab_precompile target)
  target_precompile_headers(${target} REUSE_FROM trimtab_precompiled)
endfunction()

if(TRIMTAB_TESTS)
  find_package(GTest REQUIRED)
  trimtab_precompiled_library(trimtab_precompiled_test precompiled_test.h GTest::gtest GTest::gmock)
  target_compile_options(trimtab_precompiled_test PRIVATE ${test_options})
  function(trimtab_precompile_tests target)
    target_compile_options(${target} PRIVATE ${test_options})
    target_precompile_headers(${target} REUSE_FROM trimtab_precompiled_test)
  endfunction()
endif()
