// SPDX-License-Identifier: BSL-1.0
//
// Commands and messages as bytes, for those who send them over a network or keep them on a disk:
//
// * codec/command.hpp: `codec<T>`, how commands and results become bytes: most without a word.
// * codec/saved_value.hpp: `save_value` and `restore_value`, for snapshots.
// * codec/frame.hpp: limits and errors of frames.
// * codec/message.hpp: `append_frame` and `decode_frame`, a message with what travels beside it.
// * codec/handshake.hpp: the first words on a connection.
//
// No I/O: bytes in, values out, and back.
#pragma once

#include <raft/codec/command.hpp>
#include <raft/codec/frame.hpp>
#include <raft/codec/handshake.hpp>
#include <raft/codec/message.hpp>
#include <raft/codec/saved_value.hpp>
