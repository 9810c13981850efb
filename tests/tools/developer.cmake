# SPDX-License-Identifier: BSL-1.0
#
# For those who work on raft itself: the preset clang verifies that each header is self-contained,
# and the single headers are generated.

option(RAFT_SINGLE_HEADER "Build everything against the generated single headers" OFF)
mark_as_advanced(RAFT_SINGLE_HEADER)

# The headers, in three sets: those that need nothing but the standard library and the system, those
# that need Asio, and those that need OpenSSL or both. Only what can be compiled here is verified.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/raft/*.hpp)
set(asio_headers ${headers})
set(openssl_headers ${headers})
list(FILTER headers EXCLUDE REGEX "/(asio|openssl)_")
list(FILTER asio_headers INCLUDE REGEX "/asio_")
list(FILTER asio_headers EXCLUDE REGEX "/asio_tls")
list(FILTER openssl_headers INCLUDE REGEX "/(openssl_|asio_tls)")
add_library(raft-headers INTERFACE)
target_link_libraries(raft-headers INTERFACE raft)
target_sources(raft-headers INTERFACE
  FILE_SET HEADERS BASE_DIRS include FILES ${headers}
  FILE_SET asio TYPE HEADERS BASE_DIRS include FILES ${asio_headers}
  FILE_SET openssl TYPE HEADERS BASE_DIRS include FILES ${openssl_headers})
set(verified_sets HEADERS)
if(TARGET raft-asio)
  target_link_libraries(raft-headers INTERFACE raft-asio)
  list(APPEND verified_sets asio)
endif()
if(TARGET raft-asio AND TARGET raft-openssl)
  target_link_libraries(raft-headers INTERFACE raft-openssl)
  list(APPEND verified_sets openssl)
endif()
set_target_properties(raft-headers PROPERTIES
  VERIFY_INTERFACE_HEADER_SETS TRUE
  INTERFACE_HEADER_SETS_TO_VERIFY "${verified_sets}")

# The single headers; beside them, headers that stand in front of the real ones, so that all that is
# built here is built against the single headers, without a word changed.
set(single_dir ${PROJECT_BINARY_DIR}/single_include)
set(amalgamate ${PROJECT_SOURCE_DIR}/tests/tools/amalgamate.cmake)
add_custom_command(OUTPUT ${single_dir}/raft.hpp
  COMMAND ${CMAKE_COMMAND} -D OUTPUT_DIR=${single_dir} -D FORWARD_DIR=${single_dir}/forward
    -P ${amalgamate}
  DEPENDS ${headers} ${asio_headers} ${openssl_headers} ${amalgamate}
  COMMENT "Generating the single headers"
  VERBATIM)
add_custom_target(raft_single_header DEPENDS ${single_dir}/raft.hpp)
if(RAFT_SINGLE_HEADER)
  target_include_directories(raft BEFORE INTERFACE $<BUILD_INTERFACE:${single_dir}/forward>)
  add_dependencies(raft raft_single_header)
endif()

# The reference and the manuals, which the preset docs builds.
find_program(RAFT_DOXYGEN doxygen)
mark_as_advanced(RAFT_DOXYGEN)
if(RAFT_DOXYGEN)
  configure_file(tests/tools/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
  add_custom_target(docs COMMAND ${CMAKE_COMMAND} -D ROOT=${PROJECT_SOURCE_DIR}
    -D DOXYGEN=${RAFT_DOXYGEN} -D CONFIGURATION=${PROJECT_BINARY_DIR}/Doxyfile
    -D TAGS=${PROJECT_BINARY_DIR}/docs/raft.tag -P ${PROJECT_SOURCE_DIR}/tests/tools/docs.cmake
    COMMENT "Building the reference" VERBATIM)
endif()
