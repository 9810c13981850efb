// SPDX-License-Identifier: BSL-1.0
//
// How a cluster is born: once, by `raft-kv init`, when all its founders are there and none of them
// has ever run. Then a history is minted, and written down on each with the marks of all their
// directories. A founder with an empty directory takes part only if its mark is among these: one
// that lost its disk has another.
//
// Why nothing acknowledged is lost, whoever's disk is emptied: before the birth no founder votes.
// After it, a directory whose mark is in the record has never been emptied since; so whatever its
// server acknowledged is in it. To be born again needs all of them empty, and is another history.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <raft/core/effects.hpp>
#include <raft/policy/identity.hpp>

namespace raft_kv {

/// A server that a cluster began with, and its directory.
struct founder {
    std::uint64_t id = 0;
    raft::storage_mark mark{};
    friend bool operator==(const founder&, const founder&) = default;
};

struct birth_record {
    raft::history_id history{};
    std::vector<founder> founders{};  ///< None if the cluster is older than the record.
    /// The state of another cluster, with which it began: `raft-kv restore`. None: with nothing.
    std::optional<raft::core::snapshot_description> begins_with{};

    [[nodiscard]] const founder* find(std::uint64_t id) const;
    friend bool operator==(const birth_record&, const birth_record&) = default;
};

/// A number as a record has it: 16 hexadecimal digits.
[[nodiscard]] std::string hex_text(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> hex_number(std::string_view text);

/// A line `<id> <mark>` for each.
[[nodiscard]] std::string text_of(const std::vector<founder>& founders);
[[nodiscard]] std::optional<std::vector<founder>> parse_founders(std::string_view text);

/// A line `history <number>`, one `begins-with <index> <term> <size> <checksum>` if it began with a
/// state, then `<id> <mark>` for each founder.
[[nodiscard]] std::string text_of(const birth_record& record);
[[nodiscard]] std::optional<birth_record> parse_birth(std::string_view text);

/// The history of a cluster that is older than histories: the same on all of its servers.
[[nodiscard]] raft::history_id history_before_records(std::uint64_t cluster);

/// The record in `directory`: none if there is no such file; or what is wrong with it.
[[nodiscard]] std::variant<std::optional<birth_record>, std::string>
read_birth(const std::string& directory);
/// Keeps it, durable when this returns. Says what went wrong, if anything did.
[[nodiscard]] std::optional<std::string> keep_birth(const std::string& directory,
                                                    const birth_record& record);

/// What a server says to RAFT BIRTH.
struct unborn {
    founder self{};
};
using birth_answer = std::variant<unborn, birth_record>;

[[nodiscard]] std::string text_of(const unborn& answer);
[[nodiscard]] std::optional<birth_answer> parse_birth_answer(std::string_view text);

/// Why `self`, whose directory is empty, must not be the founder that `record` speaks of; none if
/// it may.
[[nodiscard]] std::optional<std::string> obstacle_to_founding(const birth_record& record,
                                                              const founder& self);

}  // namespace raft_kv
