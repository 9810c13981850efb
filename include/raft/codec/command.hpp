// SPDX-License-Identifier: BSL-1.0
//
// A command as bytes, needed only where commands leave the process (a disk, a network):
//
// * codec/customization.hpp: `codec<T>`, where a program says how for a type of its own.
// * codec/bytes.hpp: strings, and vectors of bytes.
// * codec/variant.hpp: one of several types.
// * codec/struct.hpp: numbers, structs, containers, without a word.
//
// None adds a checksum or a version: what carries the bytes does that.
#pragma once

#include <raft/codec/bytes.hpp>
#include <raft/codec/customization.hpp>
#include <raft/codec/struct.hpp>
#include <raft/codec/variant.hpp>
