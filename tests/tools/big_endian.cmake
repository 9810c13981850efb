# SPDX-License-Identifier: BSL-1.0
#
# The codecs write the same bytes on a machine of the other byte order, and read them: their tests,
# built for one and run under an emulator.
#   cmake -D COMPILER=… -D EMULATOR=… -D ROOT=… -D WORK_DIR=… -P big_endian.cmake

cmake_minimum_required(VERSION 3.25)

file(MAKE_DIRECTORY "${WORK_DIR}")
set(tests "${ROOT}/tests")
execute_process(COMMAND "${COMPILER}" -std=c++20 -static "-I${ROOT}/include" "-I${tests}"
  "${tests}/main.cpp" "${tests}/codec_command.test.cpp" "${tests}/codec_struct.test.cpp"
  -o "${WORK_DIR}/codec-tests" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${EMULATOR}" "${WORK_DIR}/codec-tests" COMMAND_ERROR_IS_FATAL ANY)
