# SPDX-License-Identifier: BSL-1.0
#
# Has a program write the page of a run, and fails if the page is not whole, refers to anything
# outside of it, or has another count of events than the program's last line:
#   cmake -D PROGRAM=… -D ARGUMENTS=… -D PAGE=… -D COUNTED=name=event -P written_page.cmake

cmake_minimum_required(VERSION 3.25)

separate_arguments(ARGUMENTS)
file(REMOVE ${PAGE})
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} --html ${PAGE} OUTPUT_VARIABLE said
  COMMAND_ERROR_IS_FATAL ANY)
file(READ ${PAGE} page)
string(REGEX MATCHALL "https?:|//[a-z]+[.]|[ \n](src|href) *=|@import|url[(]" outside "${page}")
if(outside)
  message(FATAL_ERROR "the page refers to what is outside of it: ${outside}")
endif()
if(NOT page MATCHES "^<!DOCTYPE html>.*</html>\n$" OR page MATCHES "{{")
  message(FATAL_ERROR "the page is not whole")
endif()

string(REPLACE "=" ";" COUNTED "${COUNTED}")
list(GET COUNTED 0 name)
list(GET COUNTED 1 event)
if(NOT said MATCHES "[ :]${name}=([0-9]+)")
  message(FATAL_ERROR "the program does not say ${name}=: ${said}")
endif()
set(expected ${CMAKE_MATCH_1})
string(REGEX MATCHALL ",\"${event}\"," found "${page}")
list(LENGTH found count)
if(NOT count EQUAL expected)
  message(FATAL_ERROR "the program says ${name}=${expected}, and the page has ${count}")
endif()
message(STATUS "${name}=${count}")
