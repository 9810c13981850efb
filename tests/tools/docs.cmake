# SPDX-License-Identifier: BSL-1.0
#
# Builds the reference, and fails at a warning, or if a public name is not in it: each class, concept
# and enumeration that a header declares in a namespace of raft other than `detail`.
#   cmake -D ROOT=… -D DOXYGEN=… -D CONFIGURATION=… -D TAGS=… -P docs.cmake

cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${DOXYGEN}" "${CONFIGURATION}" WORKING_DIRECTORY "${ROOT}"
  COMMAND_ERROR_IS_FATAL ANY)

file(STRINGS "${TAGS}" names REGEX "<name>")
list(TRANSFORM names REPLACE "^ *<name>(.*)</name>$" "\\1")
set(kind "^(class|struct|enum class|concept) ([a-z_0-9]+)( |$)")
file(GLOB_RECURSE headers "${ROOT}/include/raft/*.hpp")
set(count 0)
set(missing "")
foreach(header IN LISTS headers)
  set(namespace "")
  file(STRINGS "${header}" lines REGEX "^(namespace|}  // namespace)|${kind}")
  foreach(line IN LISTS lines)
    if(line MATCHES "^namespace ([a-z_:]+)")
      list(APPEND namespace "${CMAKE_MATCH_1}")
    elseif(line MATCHES "^}  // namespace")
      list(POP_BACK namespace)
    elseif(NOT namespace MATCHES "detail" AND line MATCHES "${kind}")
      math(EXPR count "${count} + 1")
      set(name "${CMAKE_MATCH_2}")
      list(JOIN namespace "::" scope)
      set(full_name "${scope}::${name}")
      if(CMAKE_MATCH_1 STREQUAL "enum class")
        set(full_name "${name}")  # It stands within its namespace.
      endif()
      if(NOT full_name IN_LIST names)
        list(APPEND missing "${scope}::${name}")
      endif()
    endif()
  endforeach()
endforeach()
message(STATUS "docs: ${count} public types, of which the reference lacks '${missing}'")
if(missing OR count EQUAL 0)
  message(FATAL_ERROR "not in the reference: ${missing}")
endif()
