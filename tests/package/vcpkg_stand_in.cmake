# SPDX-License-Identifier: BSL-1.0
#
# Runs a port as vcpkg would, into WORK/package: the functions that a port calls, in a few lines.
#   cmake -D PORTS=… -D PORT=… -D WORK=… -D VERSION=… -P vcpkg_stand_in.cmake

cmake_minimum_required(VERSION 3.25)

file(READ "${PORTS}/${PORT}/vcpkg.json" manifest)
foreach(field IN ITEMS name version)
  string(JSON ${field} GET "${manifest}" ${field})
endforeach()
if(NOT name STREQUAL PORT OR NOT version STREQUAL VERSION)
  message(FATAL_ERROR "vcpkg.json is of ${name} ${version}, not of ${PORT} ${VERSION}")
endif()
string(JSON asio GET "${manifest}" features asio dependencies 0)
if(NOT asio STREQUAL "asio")
  message(FATAL_ERROR "the feature asio needs '${asio}'")
endif()

set(CURRENT_PACKAGES_DIR "${WORK}/package")
set(tree "${WORK}/tree")

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(given "" "SOURCE_PATH" "OPTIONS" ${ARGV})
  run("${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${given_SOURCE_PATH}" -B "${tree}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}"
    ${given_OPTIONS})
endfunction()

function(vcpkg_cmake_install)
  run("${CMAKE_COMMAND}" --build "${tree}" --target install)
endfunction()

# What vcpkg would mend must be right already.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(given "" "PACKAGE_NAME" "" ${ARGV})
  set(config "${CURRENT_PACKAGES_DIR}/share/${given_PACKAGE_NAME}")
  if(NOT EXISTS "${config}/${given_PACKAGE_NAME}Config.cmake")
    message(FATAL_ERROR "no configuration in ${config}")
  endif()
  file(GLOB files "${config}/*.cmake")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(FIND "${text}" "${CURRENT_PACKAGES_DIR}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} names the folder that it was installed into")
    endif()
  endforeach()
endfunction()

function(vcpkg_fixup_pkgconfig)
  if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/share/pkgconfig/${PORT}.pc")
    message(FATAL_ERROR "no module ${PORT} of pkg-config")
  endif()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(given "" "" "FILE_LIST" ${ARGV})
  file(COPY_FILE "${given_FILE_LIST}" "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright")
endfunction()

include("${PORTS}/${PORT}/portfile.cmake")

# What the usage tells people to link is what there is.
file(STRINGS "${CURRENT_PACKAGES_DIR}/share/${PORT}/usage" targets REGEX "target_link_libraries")
if(NOT targets MATCHES "raft::raft" OR NOT targets MATCHES "raft::asio")
  message(FATAL_ERROR "the usage names not both targets: ${targets}")
endif()
foreach(folder IN ITEMS lib debug bin)
  if(EXISTS "${CURRENT_PACKAGES_DIR}/${folder}")
    message(FATAL_ERROR "headers only: there must be no ${folder}")
  endif()
endforeach()
