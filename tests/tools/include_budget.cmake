# SPDX-License-Identifier: BSL-1.0
#
# Fails when including HEADER costs more than LINES preprocessed lines:
#   cmake -D COMPILER=… -D INCLUDE_DIR=… -D HEADER=… -D LINES=… -P include_budget.cmake
# Lines are counted rather than seconds, because they are the same on every machine.

cmake_minimum_required(VERSION 3.25)

set(source "${CMAKE_CURRENT_BINARY_DIR}/include_budget.cpp")
file(WRITE "${source}" "#include <${HEADER}>\n")
execute_process(COMMAND "${COMPILER}" -std=c++20 "-I${INCLUDE_DIR}" -E -P "${source}"
  OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
string(LENGTH "${text}" length)
string(REPLACE "\n" "" text "${text}")
string(LENGTH "${text}" length_without)
math(EXPR count "${length} - ${length_without}")

message(STATUS "#include <${HEADER}>: ${count} preprocessed lines, ${LINES} allowed")
if(count GREATER LINES)
  message(FATAL_ERROR "the include budget is exceeded")
endif()
