# SPDX-License-Identifier: BSL-1.0
#
# find_package(raft) gives the target raft::raft; and raft::asio, if what it needs is here, which
# find_package(raft COMPONENTS asio) makes sure of.

include("${CMAKE_CURRENT_LIST_DIR}/raftTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/raftAsio.cmake")
if(raft_asio_FOUND AND NOT TARGET raft::asio)
  add_library(raft::asio INTERFACE IMPORTED)
  raft_use_asio(raft::asio)
endif()

foreach(component IN LISTS raft_FIND_COMPONENTS)
  if(raft_FIND_REQUIRED_${component} AND NOT raft_${component}_FOUND)
    set(raft_FOUND FALSE)
    set(raft_NOT_FOUND_MESSAGE "raft has no component '${component}', or it needs what is not here: \
'asio' needs threads and asio.hpp (Asio by itself, not that of Boost; libasio-dev on Debian)")
  endif()
endforeach()
