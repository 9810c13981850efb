# SPDX-License-Identifier: BSL-1.0
#
# Fails when a README names a test that does not exist, or a scenario or a bug of the lists below has
# no test that is named by its number:
#   cmake -D ROOT=… -D BUILD=… -P named_tests.cmake
# A README names a test as the title of a link to the file that holds it.

cmake_minimum_required(VERSION 3.25)

# What any correct Raft must get right (S), and protocol bugs that other libraries had (B).
set(scenarios 1 2 3 4 5 6 7 8 9 10 12 14 16 19 20 21 22 23 24 25 26 27 28 29 30 31 33 34 35 36 37 39
  40 43 47 48 49 50 52 53 55 56 57 58 59 61 64 65 66 68 69 71 73 75 77 78 79 81 82 83 86 87 88 89 90
  91 93 96 97 100)
set(bugs 01 02 03 04 05 06 07 08 09 10 11 12 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 32
  34 35 37 38 40 43 44 45 46 48 49 50 51 52 53 55 56 57 59 61 63 64 70 71 72 73 75 76 77 78 83 86)

execute_process(COMMAND ${CMAKE_CTEST_COMMAND} -N WORKING_DIRECTORY ${BUILD}
  OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
string(APPEND listed "\n")
set(missing 0)

macro(miss what)
  message("${what}")
  math(EXPR missing "${missing} + 1")
endmacro()

foreach(number IN LISTS scenarios)
  if(NOT listed MATCHES "[: ]S${number}[ :]")
    miss("no test is named by scenario S${number}")
  endif()
endforeach()
foreach(number IN LISTS bugs)
  if(NOT listed MATCHES "[: ]B${number}[ :]")
    miss("no test is named by bug B${number}")
  endif()
endforeach()

set(count 0)
foreach(page IN ITEMS README.md tests/README.md examples/kv/README.md include/raft/README.md)
  file(READ "${ROOT}/${page}" text)
  cmake_path(GET page PARENT_PATH folder)
  string(REGEX MATCHALL "\\([^ )]+ \"[^\"]+\"\\)" links "${text}")
  foreach(link IN LISTS links)
    string(REGEX REPLACE "^.([^ ]+) \"([^\"]+)\".$" "\\1" file "${link}")
    string(REGEX REPLACE "^.([^ ]+) \"([^\"]+)\".$" "\\2" name "${link}")
    if(NOT EXISTS "${ROOT}/${folder}/${file}")
      miss("${page} links to ${file}, which does not exist")
    endif()
    string(FIND "${listed}" ": ${name}\n" found)
    if(found EQUAL -1)
      miss("${page} names a test that does not exist: ${name}")
    endif()
    math(EXPR count "${count} + 1")
  endforeach()
endforeach()

message(STATUS "the documents name ${count} tests")
if(missing GREATER 0)
  message(FATAL_ERROR "${missing} tests are missing")
endif()
