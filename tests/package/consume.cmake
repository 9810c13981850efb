# SPDX-License-Identifier: BSL-1.0
#
# Builds and runs the program of this folder in a clean folder, in one of three ways:
#   install        find_package after cmake --install
#   subdirectory   add_subdirectory
#   single_header  one file beside the program, and a bare call of the compiler

cmake_minimum_required(VERSION 3.25)

set(work "${BINARY_DIR}/consumer/${WAY}")
file(REMOVE_RECURSE "${work}")

function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY "${work}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(MAKE_DIRECTORY "${work}")
file(COPY "${CMAKE_CURRENT_LIST_DIR}/CMakeLists.txt" "${CMAKE_CURRENT_LIST_DIR}/main.cpp"
  DESTINATION "${work}")

if(WAY STREQUAL "single_header")
  file(COPY "${BINARY_DIR}/single_include/raft.hpp" DESTINATION "${work}/raft")
  run("${COMPILER}" -std=c++20 -I. main.cpp -o consumer)
  run(./consumer)
  return()
endif()

if(WAY STREQUAL "install")
  run("${CMAKE_COMMAND}" --install "${BINARY_DIR}" --prefix "${work}/prefix")
  set(source "-DCMAKE_PREFIX_PATH=${work}/prefix" "-DRAFT_VERSION=${VERSION}")
elseif(WAY STREQUAL "subdirectory")
  set(source "-DRAFT_SOURCE_DIR=${SOURCE_DIR}")
else()
  message(FATAL_ERROR "no way called '${WAY}'")
endif()
run("${CMAKE_COMMAND}" -G "${GENERATOR}" -S . -B build ${source}
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_FLAGS=${FLAGS}")
run("${CMAKE_COMMAND}" --build build)
run(build/consumer)
