# SPDX-License-Identifier: BSL-1.0
#
# Runs PROGRAM with WORDS, and sees that it ends with RESULT and says TEXT.
cmake_minimum_required(VERSION 3.16)
execute_process(COMMAND ${PROGRAM} ${WORDS} RESULT_VARIABLE result
  OUTPUT_VARIABLE said ERROR_VARIABLE said_wrong)
if(NOT result STREQUAL RESULT OR NOT "${said}${said_wrong}" MATCHES "${TEXT}")
  message(FATAL_ERROR "It ended with ${result}, and said:\n${said}${said_wrong}")
endif()
