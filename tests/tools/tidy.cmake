# SPDX-License-Identifier: BSL-1.0
#
# Fails, naming file and line, where the text of the project breaks a rule of the house:
#   cmake -D ROOT=… -P tidy.cmake

cmake_minimum_required(VERSION 3.25)

set(columns_max 100)
set(lines_max 500)
set(core_std algorithm array bit compare concepts cstddef cstdint initializer_list limits optional
  span type_traits utility variant vector)
set(kit_files asio_virtual_replica.hpp asio_virtual_replica/disks.hpp
  asio_virtual_replica/network.hpp asio_virtual_replica/time.hpp check_state_machine.hpp
  check_storage.hpp check_transport.hpp cluster.hpp
  conformance/damaged_snapshots.hpp conformance/heap_ballast.hpp conformance/report.hpp
  conformance/sample_messages.hpp
  conformance/snapshot_bytes.hpp conformance/state_machine_clause.hpp
  conformance/state_machine_runs.hpp conformance/storage_clause.hpp
  conformance/storage_log_stories.hpp conformance/storage_run.hpp
  conformance/storage_snapshot_stories.hpp conformance/transport_clause.hpp
  conformance/transport_run.hpp faulty_files.hpp figure_3.hpp history.hpp in_flight.hpp
  linearizability.hpp linearizability/conditions.hpp linearizability/explanation.hpp
  linearizability/json.hpp linearizability/prepared.hpp linearizability/registers.hpp
  linearizability/search.hpp replay.hpp
  replay/possible.hpp replay/words.hpp replicated.hpp simulated_disk.hpp simulator.hpp
  simulator/clients.hpp
  simulator/dice.hpp simulator/disk.hpp simulator/drifting_clock.hpp simulator/fault.hpp
  simulator/ledger.hpp simulator/liveness.hpp simulator/network.hpp simulator/operators.hpp
  simulator/plan.hpp simulator/profile.hpp simulator/registers.hpp simulator/schedule.hpp
  simulator/server.hpp simulator/spectator.hpp simulator/stage.hpp simulator/troubles.hpp
  simulator/watched_machine.hpp simulator/world.hpp survival.hpp)
set(violations 0)

macro(violation where what)
  message("${where}: ${what}")
  math(EXPR violations "${violations} + 1")
endmacro()

file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/include/*.hpp"
  "${ROOT}/tests/*.hpp" "${ROOT}/tests/*.cpp" "${ROOT}/bench/*.hpp" "${ROOT}/bench/*.cpp"
  "${ROOT}/examples/*.hpp" "${ROOT}/examples/*.cpp")
list(FILTER files EXCLUDE REGEX "^include/single/")  # Generated from the others.
if(NOT files)
  message(FATAL_ERROR "no sources in '${ROOT}'")
endif()

foreach(file IN LISTS files)
  # What means something in a CMake list is replaced, one character for one: the rules do not depend
  # on it.
  file(READ "${ROOT}/${file}" text)
  string(REGEX REPLACE "[][;\\]" "_" text "${text}")
  string(REGEX REPLACE "\n$" "" text "${text}")
  string(REPLACE "\n" ";" lines "${text}")

  list(LENGTH lines count)
  if(count GREATER lines_max)
    violation("${file}" "${count} lines, ${lines_max} allowed")
  endif()
  if(NOT text MATCHES "^// SPDX-License-Identifier: BSL-1.0(\n|$)")
    violation("${file}:1" "the first line is not `// SPDX-License-Identifier: BSL-1.0`")
  endif()

  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    string(LENGTH "${line}" columns)
    if(columns GREATER columns_max)
      # Bytes so far: a character of UTF-8 counts once, without the bytes 0x80 to 0xbf that continue
      # it.
      string(HEX "${line}" hex)
      string(REGEX REPLACE "(..)" "\\1 " hex "${hex}")
      string(REGEX REPLACE "[89ab][0-9a-f] " "" hex "${hex}")
      string(LENGTH "${hex}" columns)
      math(EXPR columns "${columns} / 3")
      if(columns GREATER columns_max)
        violation("${file}:${number}" "${columns} columns, ${columns_max} allowed")
      endif()
    endif()
    if(line MATCHES "TODO|FIXME")
      violation("${file}:${number}" "unfinished work is filed, not left in the text")
    endif()
    if(file MATCHES "^include/" AND line MATCHES "^[ \t]*#[ \t]*include[ \t]*(.*)$")
      set(target "${CMAKE_MATCH_1}")
      if(NOT target MATCHES "^<([^>]+)>")
        violation("${file}:${number}" "headers are included as <raft/…>, never by a relative path")
      else()
        set(target "${CMAKE_MATCH_1}")
        if(file MATCHES "^include/raft/core/" AND NOT target MATCHES "^raft/core/"
            AND NOT target IN_LIST core_std)
          violation("${file}:${number}" "the core must not include <${target}>")
        endif()
        if(target MATCHES "^raft/(battery|testing)/"
            AND NOT file MATCHES "^include/raft/(battery|testing)/")
          violation("${file}:${number}" "nothing but batteries and testing includes <${target}>")
        endif()
        if(target MATCHES "\\.hpp$|^(doctest|hiredis)/" AND NOT target MATCHES "^raft/"
            AND NOT file MATCHES "/asio_")
          violation("${file}:${number}" "only asio_*.hpp may need a package: <${target}>")
        endif()
      endif()
    endif()
  endforeach()
endforeach()

# What is installed for tests is a user's kit. What raft's own proofs are made with is in tests/proof.
file(GLOB_RECURSE kit RELATIVE "${ROOT}/include/raft/testing" "${ROOT}/include/raft/testing/*")
if(EXISTS "${ROOT}/include/raft" AND NOT kit STREQUAL kit_files)
  violation("include/raft/testing" "holds '${kit}' in place of the kit, '${kit_files}'")
endif()

# What the README tells a newcomer to run is what is run here.
if(EXISTS "${ROOT}/README.md")
  file(READ "${ROOT}/README.md" readme)
  file(STRINGS "${ROOT}/.ci/run" commands REGEX "^apt-get ")
  string(FIND "${readme}" "${commands}" at)
  if(at EQUAL -1)
    violation("README.md" "lacks the line that .ci/run runs: ${commands}")
  endif()
endif()

list(LENGTH files count)
message(STATUS "tidy: ${count} files, ${violations} violations")
if(violations GREATER 0)
  message(FATAL_ERROR "the house is untidy")
endif()
