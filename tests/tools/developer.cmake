# SPDX-License-Identifier: BSL-1.0
#
# For those who work on raft itself: each header is verified to be self-contained, and the single
# header is generated.

option(RAFT_SINGLE_HEADER "Build everything against the generated single header" OFF)
mark_as_advanced(RAFT_SINGLE_HEADER)

# The headers, in two sets: those that need nothing but the standard library and the system, and
# those that need Asio. Only what can be compiled here is verified.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/raft/*.hpp)
set(asio_headers ${headers})
list(FILTER headers EXCLUDE REGEX "/asio_")
list(FILTER asio_headers INCLUDE REGEX "/asio_")
add_library(raft-headers INTERFACE)
target_link_libraries(raft-headers INTERFACE raft)
target_sources(raft-headers INTERFACE
  FILE_SET HEADERS BASE_DIRS include FILES ${headers}
  FILE_SET asio TYPE HEADERS BASE_DIRS include FILES ${asio_headers})
set(verified_sets HEADERS)
if(TARGET raft-asio)
  target_link_libraries(raft-headers INTERFACE raft-asio)
  list(APPEND verified_sets asio)
endif()
set_target_properties(raft-headers PROPERTIES
  VERIFY_INTERFACE_HEADER_SETS TRUE
  INTERFACE_HEADER_SETS_TO_VERIFY "${verified_sets}")

# The single header: the umbrella first, then every other header that needs no package.
set(single_header ${PROJECT_BINARY_DIR}/single_include/raft.hpp)
set(amalgamate ${PROJECT_SOURCE_DIR}/tests/tools/amalgamate.cmake)
add_custom_command(OUTPUT ${single_header}
  COMMAND ${CMAKE_COMMAND} -D VERSION=${PROJECT_VERSION} -D OUTPUT=${single_header}
    -D INCLUDE_DIR=${PROJECT_SOURCE_DIR}/include -D "HEADERS=${headers}" -P ${amalgamate}
  DEPENDS ${headers} ${amalgamate}
  COMMENT "Generating single_include/raft.hpp"
  VERBATIM)
add_custom_target(raft_single_header DEPENDS ${single_header})

# A header that only includes the single header stands in front of each real one, so that all that
# is built here is built against the single header, without a word changed.
if(RAFT_SINGLE_HEADER)
  set(forward ${PROJECT_BINARY_DIR}/single_include/forward)
  foreach(header IN LISTS headers)
    cmake_path(RELATIVE_PATH header BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/include)
    file(CONFIGURE OUTPUT ${forward}/${header} CONTENT "#include <${single_header}>\n")
  endforeach()
  target_include_directories(raft BEFORE INTERFACE $<BUILD_INTERFACE:${forward}>)
  add_dependencies(raft raft_single_header)
endif()
