// SPDX-License-Identifier: BSL-1.0
//
// raft: distributed consensus as a header-only C++20 library. This is the one include; its parts,
// in reading order:
//
//   core/types.hpp          terms, indexes, members, instants
//   core/log.hpp            the log as the rules see it                         §5.3
//   core/configuration.hpp  who belongs to the cluster, and what a majority is  §5.2 §6
//   core/message.hpp        the RPCs                                            Figure 2, §7
//   core/state.hpp          all that a server knows                             Figure 2
//   core/effects.hpp        what a step asks the world to do
//   core/election.hpp       elections                                           §5.2 §5.4.1
//   core/replication.hpp    log replication and the commit rule                 §5.3 §5.4.2
//   core/read.hpp           linearizable reads                                  thesis §6.4
//   core/forwarding.hpp     proposals that a follower hands to its leader       thesis §6.2
//   core/transfer.hpp       leadership transfer                                 thesis §3.10
//   core/snapshot.hpp       log compaction                                      §7
//   core/step.hpp           the protocol as one function
//   policy.hpp              what a program plugs in: state machine, transport, storage, clock
//   node.hpp                the driver that carries out what the step decides
//   describe.hpp            words for refusals, outcomes, roles, … for people to read
#pragma once

#include <version>

#if !defined(__cpp_lib_constexpr_vector)
#error "raft needs C++20 and a standard library with a constexpr std::vector: g++ 12, libc++ 15"
#include <a_newer_standard_library>  // Stops here: errors without end would hide the one above.
#endif

#include <raft/core/step.hpp>
#include <raft/describe.hpp>
#include <raft/node.hpp>
#include <raft/policy.hpp>

namespace raft {

inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;

}  // namespace raft
