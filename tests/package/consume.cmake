# SPDX-License-Identifier: BSL-1.0
#
# Builds and runs the program of this folder in a clean folder, in one of the ways of README.md:
#   install        find_package after cmake --install
#   subdirectory   add_subdirectory
#   fetch_content  FetchContent, from a repository of git
#   pkg_config     a bare call of the compiler, with the flags of pkg-config
#   single_header  one file beside the program, and a bare call of the compiler
#   conan          the recipe of Conan and its test, run by a stand-in for Conan
#   vcpkg          the port of vcpkg, run by a stand-in for vcpkg, and find_package
#
# Neither Conan nor vcpkg is asked for: what is tested is that recipe and port do what they say,
# and that what they package is what an install gives.

cmake_minimum_required(VERSION 3.25)

set(work "${BINARY_DIR}/consumer/${WAY}")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")

function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY "${work}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(copy_program)
  file(COPY "${CMAKE_CURRENT_LIST_DIR}/CMakeLists.txt" "${CMAKE_CURRENT_LIST_DIR}/main.cpp"
    "${CMAKE_CURRENT_LIST_DIR}/asio.cpp" DESTINATION "${work}")
endfunction()

# Configures the program with what says where raft is, builds and runs it.
function(build_with_cmake)
  run("${CMAKE_COMMAND}" -G "${GENERATOR}" -S . -B build ${ARGV}
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_FLAGS=${FLAGS}")
  run("${CMAKE_COMMAND}" --build build)
  run(build/consumer)
  foreach(other IN ITEMS core asio)
    if(EXISTS "${work}/build/consumer-${other}")
      run(build/consumer-${other})
    endif()
  endforeach()
endfunction()

function(build_bare)
  run("${COMPILER}" -std=c++20 ${ARGV} main.cpp -o consumer)
  run(./consumer)
endfunction()

function(install_into prefix)
  run("${CMAKE_COMMAND}" --install "${BINARY_DIR}" --prefix "${prefix}")
endfunction()

# A package has every header and the source of raft::core, under its name, and nothing else.
function(check_headers prefix)
  file(GLOB_RECURSE expected RELATIVE "${SOURCE_DIR}/include"
    "${SOURCE_DIR}/include/raft/*.hpp" "${SOURCE_DIR}/include/raft/*.cpp")
  file(GLOB_RECURSE found RELATIVE "${prefix}/include" "${prefix}/include/*")
  if(NOT found STREQUAL expected)
    message(FATAL_ERROR "not the headers of raft in '${prefix}/include': ${found}")
  endif()
endfunction()

copy_program()
set(with_asio "")
if(ASIO)
  set(with_asio -DRAFT_WITH_ASIO=ON)
endif()

if(WAY STREQUAL "install")
  install_into("${work}/prefix")
  check_headers("${work}/prefix")
  build_with_cmake("-DCMAKE_PREFIX_PATH=${work}/prefix" "-DRAFT_VERSION=${VERSION}"
    -DRAFT_WITH_CORE=ON ${with_asio})

elseif(WAY STREQUAL "subdirectory")
  build_with_cmake("-DRAFT_SOURCE_DIR=${SOURCE_DIR}" -DRAFT_WITH_CORE=ON ${with_asio})

elseif(WAY STREQUAL "fetch_content")
  # The repository holds what is here, committed or not.
  file(COPY "${SOURCE_DIR}/CMakeLists.txt" "${SOURCE_DIR}/include" DESTINATION "${work}/origin")
  file(COPY "${SOURCE_DIR}/tests/package" DESTINATION "${work}/origin/tests")
  run(git init --quiet --initial-branch=main origin)
  run(git -C origin add .)
  run(git -C origin -c user.name=raft -c user.email=raft@localhost commit --quiet -m raft)
  build_with_cmake("-DRAFT_GIT_REPOSITORY=file://${work}/origin")

elseif(WAY STREQUAL "pkg_config")
  install_into("${work}/prefix")
  set(ENV{PKG_CONFIG_PATH} "${work}/prefix/share/pkgconfig")
  execute_process(COMMAND pkg-config --cflags "raft-cpp >= ${VERSION}" OUTPUT_VARIABLE flags
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  build_bare(${flags})

elseif(WAY STREQUAL "single_header")
  file(COPY "${BINARY_DIR}/single_include/raft.hpp" DESTINATION "${work}/raft")
  build_bare(-I.)

elseif(WAY STREQUAL "conan")
  run("${PYTHON}" "${CMAKE_CURRENT_LIST_DIR}/conan_stand_in.py" --source "${SOURCE_DIR}"
    --work "${work}" --cmake "${CMAKE_COMMAND}" --generator "${GENERATOR}"
    --compiler "${COMPILER}" --version "${FULL_VERSION}")
  check_headers("${work}/package")

elseif(WAY STREQUAL "vcpkg")
  run("${CMAKE_COMMAND}" "-DPORTS=${CMAKE_CURRENT_LIST_DIR}/vcpkg" -DPORT=raft-cpp
    "-DWORK=${work}" "-DGENERATOR=${GENERATOR}" "-DCOMPILER=${COMPILER}"
    "-DVERSION=${FULL_VERSION}" -P "${CMAKE_CURRENT_LIST_DIR}/vcpkg_stand_in.cmake")
  check_headers("${work}/package")
  build_with_cmake("-DCMAKE_PREFIX_PATH=${work}/package" "-DRAFT_VERSION=${VERSION}")

else()
  message(FATAL_ERROR "no way called '${WAY}'")
endif()
