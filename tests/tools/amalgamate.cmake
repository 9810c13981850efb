# SPDX-License-Identifier: BSL-1.0
#
# Writes the library as single headers, each of which is to be copied:
#   cmake -P tests/tools/amalgamate.cmake
#
#   raft.hpp               core, node, codec, batteries in memory: standard C++ alone
#   raft_batteries.hpp     sessions, log time, host, flight recorder: standard C++ alone
#   raft_file_storage.hpp  needs POSIX
#   raft_asio.hpp          needs Asio
#   raft_openssl.hpp       needs OpenSSL
#   raft_asio_tls.hpp      needs Asio and OpenSSL
#   raft_replica.hpp       a running server: needs Asio and POSIX
#   raft_testing.hpp       for tests: clusters on virtual time, disks and files that fail; needs POSIX
#   raft_asio_virtual_replica.hpp  replicas on virtual time, for tests: needs Asio and POSIX
#
# With -D OUTPUT_DIR=… elsewhere than into include/single; with -D FORWARD_DIR=… it writes, too, a
# header in the place of each real one that includes the single header which has it.
#
# Inlines each `#include <raft/…>` where it first occurs, drops the later ones, repeated includes of
# others' headers and every `#pragma once`, and copies all else byte for byte. Text must never pass through a CMake list, which would
# change `;`, `[`, `]` and `\`: hence FIND and SUBSTRING.

cmake_minimum_required(VERSION 3.25)

cmake_path(SET ROOT NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../..")
set(include_dir "${ROOT}/include")
if(NOT OUTPUT_DIR)
  set(OUTPUT_DIR "${include_dir}/single")
endif()
set(license "// SPDX-License-Identifier: BSL-1.0\n")
set(scratch "${OUTPUT_DIR}/part.tmp")

# Each part, and the parts that it includes. One that a part needs comes before it.
set(parts raft raft_batteries raft_file_storage raft_asio raft_asio_tls raft_openssl raft_replica
  raft_testing raft_asio_virtual_replica)
set(needs_raft "")
set(needs_raft_batteries raft)
set(needs_raft_file_storage raft)
set(needs_raft_asio raft raft_batteries)
set(needs_raft_asio_tls raft raft_batteries raft_asio)
set(needs_raft_openssl raft raft_batteries)
set(needs_raft_replica raft raft_batteries raft_file_storage raft_asio)
set(needs_raft_testing raft raft_batteries raft_file_storage)
set(needs_raft_asio_virtual_replica raft raft_batteries raft_file_storage raft_asio raft_replica raft_testing)

function(part_of header into)
  if(header MATCHES "^raft/testing/asio_")
    set(part raft_asio_virtual_replica)
  elseif(header MATCHES "^raft/testing/")
    set(part raft_testing)
  elseif(header MATCHES "^raft/battery/asio_(replica|node)")
    set(part raft_replica)
  elseif(header MATCHES "^raft/battery/file_storage")
    set(part raft_file_storage)
  elseif(header MATCHES "^raft/battery/asio_tls")
    set(part raft_asio_tls)
  elseif(header MATCHES "^raft/battery/asio_")
    set(part raft_asio)
  elseif(header MATCHES "^raft/battery/openssl_")
    set(part raft_openssl)
  elseif(header MATCHES "^raft/battery/" AND NOT header MATCHES "^raft/battery/(memory|manual)_")
    set(part raft_batteries)
  else()
    set(part raft)
  endif()
  set(${into} ${part} PARENT_SCOPE)
endfunction()

function(inline header)
  get_property(seen GLOBAL PROPERTY seen)
  if(header IN_LIST seen)
    return()
  endif()
  part_of("${header}" home)
  if(NOT home STREQUAL part)
    if(NOT home IN_LIST needs_${part})
      message(FATAL_ERROR "${part}.hpp needs ${home}.hpp, by ${header}")
    endif()
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY seen "${header}")

  file(READ "${include_dir}/${header}" rest)
  string(FIND "${rest}" "${license}//\n" at)
  if(at EQUAL 0)
    string(LENGTH "${license}//\n" at)
    string(SUBSTRING "${rest}" ${at} -1 rest)
  endif()
  # The table of contents is one of files.
  if(header STREQUAL umbrella)
    string(REGEX REPLACE "^(//[^\n]*\n)+" "" rest "${rest}")
  endif()
  if(NOT rest MATCHES "\n$")
    string(APPEND rest "\n")
  endif()

  # A directive is what follows "\n#". The line end in front of the file, and that of a line that is
  # dropped, are there only to be found, and `from` passes over them.
  string(PREPEND rest "\n")
  set(from 1)
  set(depth 0)
  while(TRUE)
    string(FIND "${rest}" "\n#" at)
    if(at EQUAL -1)
      break()
    endif()
    math(EXPR at "${at} + 1")
    math(EXPR length "${at} - ${from}")
    string(SUBSTRING "${rest}" ${from} ${length} text)
    file(APPEND "${scratch}" "${text}")

    string(SUBSTRING "${rest}" ${at} -1 rest)
    string(FIND "${rest}" "\n" at)
    string(SUBSTRING "${rest}" 0 ${at} directive)
    string(SUBSTRING "${rest}" ${at} -1 rest)
    set(from 1)

    if(directive MATCHES "^#include <(raft/[^>]+)>")
      if(depth GREATER 0)
        message(FATAL_ERROR "${header}: includes <${CMAKE_MATCH_1}> within a condition")
      endif()
      inline("${CMAKE_MATCH_1}")
    elseif(directive MATCHES "^#[ \t]*include[ \t]*([\"]|<raft/)")
      message(FATAL_ERROR "${header}: own headers are spelled `#include <raft/…>`: ${directive}")
    elseif(depth EQUAL 0 AND directive MATCHES "^#include <")
      # Another's header once for a part, as `#pragma once` would have it.
      get_property(seen_by_part GLOBAL PROPERTY seen_by_${part})
      if(NOT directive IN_LIST seen_by_part)
        set_property(GLOBAL APPEND PROPERTY seen_by_${part} "${directive}")
        file(APPEND "${scratch}" "${directive}")
        set(from 0)
      endif()
    elseif(NOT directive MATCHES "^#[ \t]*pragma[ \t]+once")
      file(APPEND "${scratch}" "${directive}")
      set(from 0)
    endif()
    if(directive MATCHES "^#[ \t]*if")
      math(EXPR depth "${depth} + 1")
    elseif(directive MATCHES "^#[ \t]*endif")
      math(EXPR depth "${depth} - 1")
    endif()
  endwhile()
  string(SUBSTRING "${rest}" ${from} -1 rest)
  file(APPEND "${scratch}" "${rest}")
endfunction()

set(umbrella raft/raft.hpp)
file(STRINGS "${include_dir}/${umbrella}" version REGEX "int version_(major|minor|patch) = ")
list(TRANSFORM version REPLACE ".* = ([0-9]+);" "\\1")
list(JOIN version "." version)
file(GLOB_RECURSE headers RELATIVE "${include_dir}" "${include_dir}/raft/*.hpp")
list(PREPEND headers ${umbrella})

foreach(part IN LISTS parts)
  file(WRITE "${scratch}" "${license}"
    "// raft ${version}: generated by tests/tools/amalgamate.cmake, not to be edited.\n"
    "#pragma once\n")
  foreach(need IN LISTS needs_${part})
    file(APPEND "${scratch}" "#include \"${need}.hpp\"\n")
  endforeach()
  foreach(header IN LISTS headers)
    part_of("${header}" home)
    if(home STREQUAL part)
      inline("${header}")
    endif()
  endforeach()
  # Where lines were dropped, blank ones are left, and namespaces that end and begin again.
  file(READ "${scratch}" whole)
  string(REGEX REPLACE "\n\n\n+" "\n\n" whole "${whole}")
  foreach(space IN ITEMS raft raft::core raft::detail raft::policy raft::wire)
    string(REPLACE "}  // namespace ${space}\n\nnamespace ${space} {\n\n" "" whole "${whole}")
    string(REGEX REPLACE "}  // namespace ${space}\n((//[^\n]*\n|\n)+)namespace ${space} {\n\n"
      "\n\\1" whole "${whole}")
  endforeach()
  string(REGEX REPLACE "\n\n\n+" "\n\n" whole "${whole}")
  file(WRITE "${scratch}" "${whole}")
  file(RENAME "${scratch}" "${OUTPUT_DIR}/${part}.hpp")
endforeach()

if(FORWARD_DIR)
  foreach(header IN LISTS headers)
    part_of("${header}" home)
    file(WRITE "${FORWARD_DIR}/${header}" "#include <${OUTPUT_DIR}/${home}.hpp>\n")
  endforeach()
endif()
