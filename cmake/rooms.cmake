# SPDX-License-Identifier: Apache-2.0
# trimtab_room(NAME ROOMS a b LIBRARIES x y TEST_ROOMS c)
#
# One folder under src/ is one static library. Files are found by their ending, so a new file needs
# no line here:
#   x.cc        the library              x_test.cc   NAME_test (GoogleTest, one ctest entry)
#   x_bench.cc  NAME_bench (Google Benchmark, with -DTRIMTAB_BENCH=ON)
#   x_fuzz.cc   x_fuzz: libFuzzer target with -DTRIMTAB_FUZZ=ON, else a program that replays the
#               corpus in tests/corpus/x/ plus a bounded number of mutations, run as a ctest entry
# The heavy headers most files start with are parsed once for all rooms, and with GoogleTest once for all tests:
# half of a cold build is parsing. Files still include what they use; lint and fuzz build without this.
set(TRIMTAB_COMMON_HEADERS <algorithm> <charconv> <cmath> <expected> <fstream> <functional> <map> <memory>
    <mutex> <optional> <random> <set> <span> <string> <thread> <unordered_map> <vector> <fmt/format.h>)

# Rooms whose work grows with samples, series and requests are optimised in full. The others wait for networks and
# people: they are compiled quickly, which saves a third of their time.
set(TRIMTAB_HOT_ROOMS base kernels store query ingest estate analyze server)
set(TRIMTAB_QUICK "")
if(TRIMTAB_SANITIZE)
  # Under sanitizers only what loops long in tests is optimised. query among them: its 2,000 nested parts need small
  # frames.
  set(TRIMTAB_HOT_ROOMS base kernels store query)
  set(TRIMTAB_QUICK -O0)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(TRIMTAB_QUICK -O1)
endif()

function(trimtab_precompile target owner)
  if(NOT TRIMTAB_PRECOMPILE)
    return()
  endif()
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${TRIMTAB_COMMON_HEADERS} ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

function(trimtab_room name)
  cmake_parse_arguments(ARG "" "" "ROOMS;LIBRARIES;TEST_ROOMS" ${ARGN})
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz|testlib)\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")  # the executable's own
  set(testlib ${all})
  list(FILTER testlib INCLUDE REGEX "_testlib\\.cc$")
  foreach(room ${ARG_TEST_ROOMS})  # rooms whose test helpers these tests use too
    file(GLOB_RECURSE lent CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*_testlib.cc)
    list(APPEND testlib ${lent})
  endforeach()
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(benches ${all})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  set(libs "")
  foreach(room ${ARG_ROOMS})
    list(APPEND libs trimtab_${room})
  endforeach()
  list(APPEND libs ${ARG_LIBRARIES})

  if(sources)
    add_library(trimtab_${name} STATIC ${sources})
    target_include_directories(trimtab_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(trimtab_${name} PUBLIC ${libs})
    if(name IN_LIST TRIMTAB_HOT_ROOMS)
      trimtab_precompile(trimtab_${name} trimtab_base)
    else()
      target_compile_options(trimtab_${name} PRIVATE ${TRIMTAB_QUICK})
      trimtab_precompile(trimtab_${name} trimtab_targets)
    endif()
  else()
    add_library(trimtab_${name} INTERFACE)
    target_include_directories(trimtab_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(trimtab_${name} INTERFACE ${libs})
  endif()

  if(TRIMTAB_TESTS AND tests)
    find_package(GTest REQUIRED)
    add_executable(${name}_test ${tests} ${testlib})
    target_link_libraries(${name}_test PRIVATE trimtab_${name} GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE TRIMTAB_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    # Generating optimised code for the test macros took two fifths of their time. The code under test keeps its
    # options.
    target_compile_options(${name}_test PRIVATE -O0)
    if(TRIMTAB_SANITIZE MATCHES "undefined")
      target_compile_options(${name}_test PRIVATE -fno-sanitize=undefined)
    endif()
    trimtab_precompile(${name}_test base_test <gmock/gmock.h> <gtest/gtest.h>)
    add_test(NAME ${name}_test COMMAND ${name}_test)
    # gcc 12 warns inside its own <regex> when sanitizers keep it from seeing through std::function.
    foreach(test ${tests})
      file(STRINGS ${test} uses_regex REGEX "^#include <regex>")
      if(TRIMTAB_SANITIZE AND uses_regex)
        set_source_files_properties(${test} PROPERTIES COMPILE_OPTIONS -Wno-maybe-uninitialized)
      endif()
    endforeach()
    set(labels unit)
    add_dependencies(unit_tests ${name}_test)
    if(name IN_LIST TRIMTAB_THREADED_ROOMS)
      list(APPEND labels threads)
      add_dependencies(threads_tests ${name}_test)
    endif()
    set_tests_properties(${name}_test PROPERTIES LABELS "${labels}" TIMEOUT 3600)
  endif()
  if(TRIMTAB_BENCH AND benches)
    find_package(benchmark REQUIRED)
    find_package(GTest REQUIRED)  # test helpers may use it
    add_executable(${name}_bench ${benches} ${testlib})
    target_link_libraries(${name}_bench PRIVATE trimtab_${name} benchmark::benchmark benchmark::benchmark_main
                          GTest::gtest)
    target_compile_definitions(${name}_bench PRIVATE TRIMTAB_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endif()
  foreach(fuzzer ${fuzzers})
    get_filename_component(target ${fuzzer} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" what ${target})
    if(TRIMTAB_FUZZ)
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE trimtab_${name} -fsanitize=fuzzer)
    elseif(TRIMTAB_TESTS)
      add_executable(${target} ${fuzzer} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
      target_link_libraries(${target} PRIVATE trimtab_${name})
      add_test(NAME ${target} COMMAND ${target} ${CMAKE_SOURCE_DIR}/tests/corpus/${what})
    endif()
  endforeach()
endfunction()
