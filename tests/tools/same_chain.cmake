# SPDX-License-Identifier: BSL-1.0
#
# Fails unless a program prints the same whichever compiler, optimisation and sanitizers it is built
# with:
#   cmake -D SOURCE=… -D INCLUDE_DIR=… -D TESTS_DIR=… -D WORK_DIR=… -P same_chain.cmake

cmake_minimum_required(VERSION 3.25)

file(MAKE_DIRECTORY "${WORK_DIR}")
foreach(compiler IN ITEMS g++ clang++)
  find_program(found_${compiler} ${compiler})
  if(NOT found_${compiler})
    message(STATUS "${compiler} is not here")
    continue()
  endif()
  foreach(flags IN ITEMS "-O0" "-O3" "-O1 -fsanitize=address,undefined")
    separate_arguments(arguments UNIX_COMMAND "${flags}")
    execute_process(COMMAND ${compiler} -std=c++20 ${arguments} -I${INCLUDE_DIR}
      -I${TESTS_DIR} ${SOURCE}
      -o ${WORK_DIR}/chain COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${WORK_DIR}/chain OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    message(STATUS "${compiler} ${flags}: ${printed}")
    list(APPEND all "${printed}")
  endforeach()
endforeach()
list(REMOVE_DUPLICATES all)
list(LENGTH all count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "not the same everywhere")
endif()
