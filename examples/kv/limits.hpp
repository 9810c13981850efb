// SPDX-License-Identifier: BSL-1.0
//
// Every limit of the server in one place, so that no client and no file can make it take unbounded
// memory. What happens at each limit is said beside it.
#pragma once

#include <cstddef>

namespace raft_kv::limits {

inline constexpr std::size_t kibibyte = 1024;
inline constexpr std::size_t mebibyte = 1024 * kibibyte;

// -------------------------------------------------------------------------------------------- data
/// Longer keys and values are answered with an error; the connection lives on.
inline constexpr std::size_t key_bytes_max = 64 * kibibyte;
inline constexpr std::size_t value_bytes_max = 1 * mebibyte;
/// A longer pattern of KEYS is answered with an error.
inline constexpr std::size_t pattern_bytes_max = 1 * kibibyte;

/// All servers' addresses as text: the number of them is limited, and each one's length.
inline constexpr std::size_t address_book_bytes_max = 64 * kibibyte;

// ---------------------------------------------------------------------------------------- requests
/// A request with more bytes or arguments is a protocol error: it is said and the connection ends.
inline constexpr std::size_t request_bytes_max = 2 * mebibyte;
inline constexpr std::size_t arguments_max = 256 * kibibyte;
/// So is one that is larger than this, of a client that has not said who it is.
inline constexpr std::size_t stranger_bytes_max = 16 * kibibyte;
inline constexpr std::size_t stranger_arguments_max = 10;
/// So is a line without an end, be it an inline command or the length of an argument.
inline constexpr std::size_t inline_bytes_max = 64 * kibibyte;
inline constexpr std::size_t length_line_bytes_max = 32;

// ------------------------------------------------------------------------------------- connections
/// More clients than this (or than the limit of open files leaves room for) are told so and turned
/// away, once they ask for data; so many of them may ask about the server and the cluster.
inline constexpr std::size_t clients_max = 1000;
inline constexpr std::size_t operators_max = 16;
/// File descriptors that are no client's: two for each peer that there may be, peers and callers of
/// metrics that are not known yet, the files of the storage. With fewer than the least in all a
/// server does not start.
inline constexpr std::size_t own_descriptors = 184;
inline constexpr std::size_t descriptors_min = 64;
/// What is read from a socket at once.
inline constexpr std::size_t read_bytes = 16 * kibibyte;
/// Over one of these a connection is not read from, nor its next request begun, until it is below.
inline constexpr std::size_t pending_requests_max = 4096;
inline constexpr std::size_t pending_bytes_max = 2 * mebibyte;
inline constexpr std::size_t output_bytes_soft = 1 * mebibyte;
/// Replies that a client has not fetched: over this its connection is closed.
inline constexpr std::size_t output_bytes_max = 64 * mebibyte;
/// Of all clients together: over this, those are closed that have fetched the least.
inline constexpr std::size_t replies_bytes_max = 256 * mebibyte;
/// What all clients have said in part (half a request, a transaction before EXEC): over this, the
/// one of them is closed that holds the most. A flag says otherwise.
inline constexpr std::size_t requests_mib = 256;
inline constexpr std::size_t requests_mib_min = 8;
/// A buffer of replies that is larger is given back to the system once they are sent.
inline constexpr std::size_t output_bytes_kept = 64 * kibibyte;
/// A single reply that would be longer is an error instead.
inline constexpr std::size_t reply_bytes_max = 32 * mebibyte;
/// So are the replies of a transaction together, and nothing of it is carried out.
inline constexpr std::size_t transaction_reply_bytes_max = 16 * mebibyte;
/// So many commands that answer a value fit in any case.
inline constexpr std::size_t transaction_values_small = 15;

// ----------------------------------------------------------------------------------------- batches
/// A log entry takes writes until it has this many bytes, so none is larger than this and a request
/// with the lengths of its words.
inline constexpr std::size_t batch_bytes = 256 * kibibyte;
inline constexpr std::size_t entry_bytes_max = 4 * mebibyte;
/// And until so many of them answer a value: all servers hold the answers of an entry at once.
inline constexpr std::size_t batch_values_max = 16;
/// A segment of the log takes the longest entry eight times: the storage wants no fewer.
inline constexpr std::size_t segment_bytes = 8 * entry_bytes_max;
/// What a client says between MULTI and EXEC, with the keys that it watches. More is an error, and
/// nothing of it is carried out.
inline constexpr std::size_t transaction_bytes_max = 2 * mebibyte;
inline constexpr std::size_t transaction_commands_max = 10'000;
static_assert(transaction_values_small * value_bytes_max + mebibyte <= transaction_reply_bytes_max);
static_assert(batch_bytes + transaction_bytes_max + 1 * kibibyte < entry_bytes_max);
static_assert(batch_bytes + request_bytes_max + 4 * arguments_max < entry_bytes_max);
/// Entries on their way to being committed; what comes meanwhile waits for the next entry.
inline constexpr std::size_t batches_in_flight_max = 8;
/// All writes that wait, of all clients. Over this a write is refused with TRYAGAIN.
inline constexpr std::size_t waiting_bytes_max = 64 * mebibyte;

// --------------------------------------------------------------------------------------- snapshots
/// The log since the last snapshot: when it is longer than this, and than so many snapshots, the
/// next is due.
inline constexpr std::size_t log_bytes_per_snapshot = 64 * mebibyte;
inline constexpr std::size_t log_per_snapshot = 4;
/// What stays of the log before it, for followers that are a little behind.
inline constexpr std::size_t retained_entries = 256;

}  // namespace raft_kv::limits
