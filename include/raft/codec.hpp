// SPDX-License-Identifier: BSL-1.0
//
// Commands and messages as bytes, for those who send them over a network or keep them on a disk.
// Commands: `codec<T>` in codec/command.hpp. This is no I/O: bytes in, values out, and back.
#pragma once

#include <raft/codec/command.hpp>
