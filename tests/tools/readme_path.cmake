# SPDX-License-Identifier: BSL-1.0
#
# README.md shows examples/account/account.cpp whole, and what it has a newcomer type does what the
# comments there say.
#   cmake -D BASH=… -D ROOT=… -D PROGRAM=… -D WORK_DIR=… -P readme_path.cmake

cmake_minimum_required(VERSION 3.25)

file(READ "${ROOT}/README.md" readme)
file(READ "${ROOT}/examples/account/account.cpp" source)
string(FIND "${readme}" "```cpp\n${source}```" shown)
if(shown EQUAL -1)
  message(FATAL_ERROR "README.md does not show examples/account/account.cpp as it is")
endif()

string(FIND "${readme}" "```sh\ncd build/test/examples/account" begin)
string(SUBSTRING "${readme}" ${begin} -1 lines)
string(FIND "${lines}" "\n```" end)
if(begin EQUAL -1 OR end EQUAL -1)
  message(FATAL_ERROR "README.md does not say how to run raft-account")
endif()
string(SUBSTRING "${lines}" 6 ${end} lines)
string(REGEX REPLACE "\n```.*" "\n" lines "${lines}")

file(REMOVE_RECURSE "${WORK_DIR}")
cmake_path(GET PROGRAM PARENT_PATH folder)
string(REPLACE "cd build/test/examples/account" "mkdir '${WORK_DIR}' && cd '${WORK_DIR}'" lines
  "${lines}")
string(REPLACE "./raft-account" "'${folder}/raft-account'" lines "${lines}")
execute_process(COMMAND ${BASH} -c "${lines}" OUTPUT_VARIABLE said RESULT_VARIABLE status TIMEOUT 100)
message(STATUS "it says:\n${said}")
if(NOT said STREQUAL "ann has 10\nann has 15\n")
  message(FATAL_ERROR "that is not what README.md says")
endif()
