# SPDX-License-Identifier: BSL-1.0
#
# Fails when PROGRAM spends more instructions on one round of its work than its SOURCE states:
#   cmake -D VALGRIND=… -D PROGRAM=… -D SOURCE=… -P instructions.cmake
# Two runs of different length are compared, so that neither starting nor warming up is counted.

cmake_minimum_required(VERSION 3.25)

file(STRINGS "${SOURCE}" budget REGEX "^// budget: [0-9]+ instructions")
if(NOT budget MATCHES "([0-9]+)")
  message(FATAL_ERROR "${SOURCE} states no `// budget: <n> instructions`")
endif()
set(budget ${CMAKE_MATCH_1})

function(instructions rounds result)
  execute_process(
    COMMAND "${VALGRIND}" --tool=callgrind --callgrind-out-file=/dev/null "${PROGRAM}" ${rounds}
    OUTPUT_QUIET ERROR_VARIABLE report COMMAND_ERROR_IS_FATAL ANY)
  if(NOT report MATCHES "Collected : ([0-9]+)")
    message(FATAL_ERROR "no count in:\n${report}")
  endif()
  set(${result} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

instructions(2000 short)
instructions(12000 long)
math(EXPR spent "(${long} - ${short}) / 10000")

message(STATUS "${spent} instructions a round, ${budget} allowed")
if(spent GREATER budget)
  message(FATAL_ERROR "the budget is exceeded")
endif()
