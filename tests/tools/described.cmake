# SPDX-License-Identifier: BSL-1.0
#
# Fails, naming them, if public enumerations have no words: for each `enum class X` of include/raft
# there is a function `describe(X …)`. What is in a namespace of the library's own (detail, wal) or
# serves tests (testing/) needs none.
#   cmake -D ROOT=… -P described.cmake

cmake_minimum_required(VERSION 3.25)

file(GLOB_RECURSE headers "${ROOT}/include/raft/*.hpp")
list(FILTER headers EXCLUDE REGEX "/testing/")
set(public "")
set(described "")
foreach(header IN LISTS headers)
  set(namespace "")
  file(STRINGS "${header}" lines
    REGEX "^(namespace |}  // namespace |enum class )|^[^/]*describe\\(")
  foreach(line IN LISTS lines)
    if(line MATCHES "^namespace ([a-z_:]+)")
      list(APPEND namespace "${CMAKE_MATCH_1}")
    elseif(line MATCHES "^}  // namespace")
      list(POP_BACK namespace)
    elseif(namespace MATCHES "^raft(::(core|wire|flight))?$" AND line MATCHES "^enum class ([a-z_]+)")
      list(APPEND public "${CMAKE_MATCH_1}")
    elseif(line MATCHES "describe\\(([a-z_]+)[ )]")
      list(APPEND described "${CMAKE_MATCH_1}")
    endif()
  endforeach()
endforeach()

list(LENGTH public count)
if(count EQUAL 0)
  message(FATAL_ERROR "no enumerations in '${ROOT}/include'")
endif()
# What rules of the core answer each other is in no state, effect or message.
list(REMOVE_ITEM public catching_up next_message short_step ${described})
message(STATUS "described: ${count} enumerations, without words: '${public}'")
if(public)
  message(FATAL_ERROR "each needs a `describe`: ${public}")
endif()
