// SPDX-License-Identifier: BSL-1.0
//
// raft: distributed consensus as a header-only C++20 library. This is the one include; its parts,
// in reading order:
//
//   The values
//   core/types.hpp             terms, indexes, members, instants                 §5.1, §5.3
//   core/log.hpp               the log as runs of terms; the conflict hint       §5.3
//   core/configuration.hpp     the members, their places and parts               §6
//   core/quorum.hpp            majorities, and quorums of joint configurations   §5.2, §5.3, §6
//   core/refusal.hpp           why a request is refused
//   core/message.hpp           the RPCs                                          Figure 2, §7
//   core/settings.hpp          what operators can choose                         §5.6
//   core/read_consistency.hpp  what a read may be answered from                  thesis §6.4
//
//   State, inputs and effects
//   core/seldom.hpp            values that almost always equal their default
//   core/outgoing.hpp          the messages of one step, with their destinations
//   core/effects.hpp           what a step asks the node to do
//   core/disk.hpp              what a server knows of its writes                 Figure 2
//   core/progress.hpp          what a leader knows of one member: nextIndex      Figure 2
//   core/state.hpp             all that a server knows                           Figure 2
//   core/initial_state.hpp     the state of a server when it starts              Figure 2
//   core/membership.hpp        which configuration follows which                 §6, thesis §4
//   core/input.hpp             all that can happen to a server
//   core/turn.hpp              one step in progress: state, time, effects
//
//   The rules
//   core/writing.hpp           changes of persistent state, with their writes    Figure 2
//   core/timing.hpp            random timeouts                                   §5.2
//   core/role.hpp              terms, and how a server becomes a follower        §5.1
//   core/request.hpp           how a request is refused
//   core/lost_entries.hpp      a disk that has lost entries                      §5.4.1, §5.4.3
//   core/found_loss.hpp        a disk that went back, and does not know          §5.1
//   core/missing_commands.hpp  a log without commands: witnesses                 §5.4.1
//   core/removal.hpp           the notice to a removed server                    thesis §4.2.3
//   core/sending.hpp           what to send to which member                      §5.3, §7
//   core/election.hpp          elections                                         §5.2, §5.4.1
//   core/round.hpp             rounds of heartbeats                              thesis §6.4
//   core/lease.hpp             leases                                            thesis §6.4.1
//   core/follower_read.hpp     reads of followers                                thesis §6.4
//   core/read.hpp              reads that write nothing to the log               §8, thesis §6.4
//   core/transfer.hpp          leadership transfer                               thesis §3.10
//   core/forwarding.hpp        proposals that a follower forwards                thesis §6.2
//   core/quiescence.hpp        groups that sleep
//   core/reconfiguration.hpp   how a leader carries out a change of membership   §6, thesis §4
//   core/replication.hpp       log replication and the commit rule               §5.3, §5.4.2
//   core/forwarders.hpp        forwarded proposals at the leader                 thesis §6.2
//   core/heartbeat.hpp         what a leader does at each heartbeat              §5.2
//   core/snapshot.hpp          log compaction                                    §7
//   core/durable.hpp           what may be sent once a write is durable          Figure 2
//   core/step.hpp              the protocol as one function
//   core/compiled.hpp          the same, compiled once for a program
//   core/steady.hpp            the fast path of the three most frequent steps    §5.3
//
//   Around the core
//   policy.hpp                 what a program plugs in: state machine, transport, storage, clock
//   node.hpp                   the driver that carries out the effects of the step
//   describe.hpp               words for refusals, outcomes, roles, … for people to read
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
