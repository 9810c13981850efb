# SPDX-License-Identifier: BSL-1.0
#
# What the manual of raft-kv has an operator type to close all doors does that: with openssl and
# redis-cli, from nothing.
#   cmake -D BASH=… -D ROOT=… -D PROGRAM=… -D WORK_DIR=… -P security_path.cmake

cmake_minimum_required(VERSION 3.25)

file(READ "${ROOT}/examples/kv/README.md" manual)
string(FIND "${manual}" "```sh\nmkdir -p build/safe" begin)
if(begin EQUAL -1)
  message(FATAL_ERROR "examples/kv/README.md does not say how to close the doors")
endif()
string(SUBSTRING "${manual}" ${begin} -1 lines)
string(SUBSTRING "${lines}" 6 -1 lines)
string(FIND "${lines}" "\n```" end)
string(SUBSTRING "${lines}" 0 ${end} lines)

file(REMOVE_RECURSE "${WORK_DIR}")
string(REPLACE "mkdir -p build/safe && cd build/safe" "mkdir -p '${WORK_DIR}' && cd '${WORK_DIR}'"
  lines "${lines}")
string(REPLACE "../demo/examples/kv/raft-kv" "'${PROGRAM}'" lines "${lines}")
# Then what must not be possible. The servers end with the script, whatever becomes of it; CMake
# would wait for them.
set(script "trap 'kill $(jobs -p)' EXIT
${lines}
unset REDISCLI_AUTH
echo without a password: $(redis-cli --tls --cacert ca.crt -p 6201 get greeting)
echo by nobody known: $(redis-cli --tls -p 6201 ping 2>&1)
echo without TLS: $(redis-cli -p 6201 ping 2>&1)
echo warnings: $(grep -c WARNING log-1 log-2 log-3)
echo encrypted: $(grep -c 'what they say is encrypted' log-1 log-2 log-3)
")
execute_process(COMMAND timeout 60 ${BASH} -c "${script}" OUTPUT_VARIABLE said ERROR_VARIABLE told
  RESULT_VARIABLE status TIMEOUT 90)
set(said "\n${said}\n")
foreach(line IN ITEMS "\nOK\n" "\nhello\n" "\nwithout a password: NOAUTH "
    "\nby nobody known: Could not connect" "\nwithout TLS: Error: "
    "\nwarnings: log-1:0 log-2:0 log-3:0\n" "\nencrypted: log-1:1 log-2:1 log-3:1\n")
  string(FIND "${said}" "${line}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "status ${status}, and not said: ${line}\nbut: ${said}\n${told}")
  endif()
endforeach()
