# SPDX-License-Identifier: BSL-1.0
#
# The single headers are what they promise: those in include/single, if they are there, are what the
# generator makes of the headers now; raft.hpp is not too long to be copied, and asks for nothing
# but standard C++.
#   cmake -D ROOT=… -D WORK_DIR=… -P single_headers.cmake

cmake_minimum_required(VERSION 3.25)

set(lines_max 11000)
# Both only where the compiler says that it has these instructions.
set(guarded arm_acle.h nmmintrin.h a_newer_standard_library)

file(REMOVE_RECURSE "${WORK_DIR}")
execute_process(COMMAND ${CMAKE_COMMAND} -D "OUTPUT_DIR=${WORK_DIR}"
  -P "${ROOT}/tests/tools/amalgamate.cmake" COMMAND_ERROR_IS_FATAL ANY)

set(wrong "")
set(kept_dir "${ROOT}/include/single")
if(EXISTS "${kept_dir}")
  file(GLOB made RELATIVE "${WORK_DIR}" "${WORK_DIR}/*")
  file(GLOB kept RELATIVE "${kept_dir}" "${kept_dir}/*")
  if(NOT made STREQUAL kept)
    string(APPEND wrong "\nthere should be '${made}', and there is '${kept}'")
  endif()
  foreach(name IN LISTS made)
    execute_process(RESULT_VARIABLE differ ERROR_QUIET
      COMMAND ${CMAKE_COMMAND} -E compare_files "${WORK_DIR}/${name}" "${kept_dir}/${name}")
    if(differ)
      string(APPEND wrong "\ninclude/single/${name} is of other headers: run "
        "cmake -P tests/tools/amalgamate.cmake")
    endif()
  endforeach()
endif()

file(STRINGS "${WORK_DIR}/raft.hpp" includes REGEX "^#[ \t]*include")
foreach(line IN LISTS includes)
  string(REGEX REPLACE "^[^<\"]*[<\"]([^>\"]*).*" "\\1" name "${line}")
  if(NOT name MATCHES "^[a-z_]+$" AND NOT name IN_LIST guarded)
    string(APPEND wrong "\nraft.hpp includes <${name}>")
  endif()
endforeach()

file(READ "${WORK_DIR}/raft.hpp" text)
string(REGEX REPLACE "[^\n]" "" ends "${text}")
string(LENGTH "${ends}" lines)
message(STATUS "raft.hpp: ${lines} lines, ${lines_max} allowed")
if(lines GREATER lines_max)
  string(APPEND wrong "\nraft.hpp has ${lines} lines, ${lines_max} are allowed")
endif()
if(wrong)
  message(FATAL_ERROR "the single headers are not what they promise:${wrong}")
endif()
