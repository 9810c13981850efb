# SPDX-License-Identifier: BSL-1.0
#
# find_package(raft) gives the target raft::raft; and raft::asio and raft::openssl, if what they need
# is here, which find_package(raft COMPONENTS asio openssl) makes sure of.

include("${CMAKE_CURRENT_LIST_DIR}/raftTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/raftAsio.cmake")
if(raft_asio_FOUND AND NOT TARGET raft::asio)
  add_library(raft::asio INTERFACE IMPORTED)
  raft_use_asio(raft::asio)
endif()

find_package(OpenSSL QUIET)
set(raft_openssl_FOUND ${OpenSSL_FOUND})
if(raft_openssl_FOUND AND NOT TARGET raft::openssl)
  add_library(raft::openssl INTERFACE IMPORTED)
  target_link_libraries(raft::openssl INTERFACE raft::raft OpenSSL::SSL OpenSSL::Crypto)
endif()

foreach(component IN LISTS raft_FIND_COMPONENTS)
  if(raft_FIND_REQUIRED_${component} AND NOT raft_${component}_FOUND)
    set(raft_FOUND FALSE)
    set(raft_NOT_FOUND_MESSAGE "raft has no component '${component}', or it needs what is not here: \
'asio' needs threads and asio.hpp (Asio by itself, not that of Boost; libasio-dev on Debian), \
'openssl' needs OpenSSL (libssl-dev)")
  endif()
endforeach()
