# SPDX-License-Identifier: BSL-1.0
#
# Lists the commands of CMake that a program reads when it uses raft, and fails where one, or a form
# of one, is newer than CMake 3.16, which Debian 11 and Ubuntu 20.04 go beyond:
#   cmake -D ROOT=… -P consumer_commands.cmake

cmake_minimum_required(VERSION 3.25)

set(files CMakeLists.txt tests/package/raftAsio.cmake tests/package/raftConfig.cmake)
# Each is at least as old as CMake 3.1, but for what another line refuses.
set(old add_library add_subdirectory cmake_minimum_required configure_file else elseif enable_testing
  endforeach endfunction endif file find_package find_path foreach function if include install
  mark_as_advanced message option project set set_property set_target_properties
  target_compile_definitions target_sources
  target_compile_features target_include_directories target_link_libraries
  write_basic_package_version_file)
# Newer words within old commands.
set(newer "FILE_SET|PROJECT_IS_TOP_LEVEL|CONFIGURE OUTPUT|REAL_PATH|COPY_FILE|IMPORTED_NO_SYSTEM|\
COMMAND_ERROR_IS_FATAL|JSON|GET_RUNTIME|ZIP_LISTS|PATH_EQUAL|BUILD_LOCAL_INTERFACE|SYSTEM_TARGET")

set(used "")
set(wrong "")
foreach(file IN LISTS files)
  file(STRINGS "${ROOT}/${file}" lines)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "#.*$" "" line "${line}")
    if(line MATCHES "^ *([a-z_]+)\\(")
      set(command "${CMAKE_MATCH_1}")
      list(APPEND used "${command}")
      if(NOT command IN_LIST old AND NOT command STREQUAL "raft_use_asio")
        string(APPEND wrong "\n${file}: ${command}")
      endif()
    endif()
    if(line MATCHES "${newer}")
      string(APPEND wrong "\n${file}: ${CMAKE_MATCH_0}")
    endif()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES used)
list(SORT used)
list(JOIN used " " used)
message(STATUS "commands: ${used}")
if(wrong)
  message(FATAL_ERROR "newer than CMake 3.16, or not known to be older:${wrong}")
endif()

file(STRINGS "${ROOT}/CMakeLists.txt" required REGEX "^cmake_minimum_required")
if(NOT required MATCHES "VERSION 3\\.16\\.\\.\\.")
  message(FATAL_ERROR "CMakeLists.txt asks for another CMake than 3.16: ${required}")
endif()
