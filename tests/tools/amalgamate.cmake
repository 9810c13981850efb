# SPDX-License-Identifier: BSL-1.0
#
# Writes the single header:
#   cmake -D INCLUDE_DIR=… -D HEADERS=… -D VERSION=… -D OUTPUT=… -P amalgamate.cmake
#
# Inlines each `#include <raft/…>` where it first occurs, drops the later ones and every `#pragma
# once`, and copies all else byte for byte. The umbrella comes first; the HEADERS that it does not
# reach follow, and a program that defines RAFT_NO_BATTERIES does without them.
#
# Text must never pass through a CMake list, which would change `;`, `[`, `]` and `\`: hence FIND
# and SUBSTRING.

cmake_minimum_required(VERSION 3.25)

set(license "// SPDX-License-Identifier: BSL-1.0\n")
set(scratch "${OUTPUT}.tmp")

function(inline header)
  get_property(seen GLOBAL PROPERTY seen)
  if(header IN_LIST seen)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY seen "${header}")

  file(READ "${INCLUDE_DIR}/${header}" rest)
  string(FIND "${rest}" "${license}" at)
  if(at EQUAL 0)
    string(LENGTH "${license}" at)
    string(SUBSTRING "${rest}" ${at} -1 rest)
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

file(WRITE "${scratch}" "${license}"
  "// raft ${VERSION} in one header: generated from include/raft, not to be edited.\n"
  "#pragma once\n")
inline("raft/raft.hpp")
file(APPEND "${scratch}" "\n#ifndef RAFT_NO_BATTERIES\n")
foreach(header IN LISTS HEADERS)
  cmake_path(RELATIVE_PATH header BASE_DIRECTORY "${INCLUDE_DIR}")
  inline("${header}")
endforeach()
file(APPEND "${scratch}" "\n#endif  // RAFT_NO_BATTERIES\n")
file(RENAME "${scratch}" "${OUTPUT}")
