// SPDX-License-Identifier: BSL-1.0
//
// The four concepts that a program plugs into `raft::node`: what each must do, in prose and in C++,
// and the least type that does it. `check_state_machine<T>()` and its siblings tell which member a
// type lacks.
#pragma once

#include <raft/policy/clock.hpp>
#include <raft/policy/entry.hpp>
#include <raft/policy/state_machine.hpp>
#include <raft/policy/storage.hpp>
#include <raft/policy/transport.hpp>
