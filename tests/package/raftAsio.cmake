# SPDX-License-Identifier: BSL-1.0
#
# Finds what the headers include/raft/battery/asio_* need: Asio by itself, not that of Boost, and
# threads. A target asio::asio that is there already is taken; otherwise asio.hpp is looked for, as
# Debian's libasio-dev has it.

find_package(Threads QUIET)
if(NOT TARGET asio::asio)
  find_path(RAFT_ASIO_INCLUDE_DIR asio.hpp DOC "Where asio.hpp is")
  mark_as_advanced(RAFT_ASIO_INCLUDE_DIR)
endif()
set(raft_asio_FOUND FALSE)
if(Threads_FOUND AND (TARGET asio::asio OR RAFT_ASIO_INCLUDE_DIR))
  set(raft_asio_FOUND TRUE)
endif()

function(raft_use_asio target)
  target_link_libraries(${target} INTERFACE raft::raft Threads::Threads)
  target_compile_definitions(${target} INTERFACE ASIO_STANDALONE)
  if(TARGET asio::asio)
    target_link_libraries(${target} INTERFACE asio::asio)
  else()
    target_include_directories(${target} SYSTEM INTERFACE ${RAFT_ASIO_INCLUDE_DIR})
  endif()
endfunction()
