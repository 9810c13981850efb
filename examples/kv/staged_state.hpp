// SPDX-License-Identifier: BSL-1.0
//
// The state that a restored cluster begins with, while it is on its way into a founder's directory:
// a file beside the log, which takes what `raft-kv restore` sends. Only when the birth that speaks
// of it is durable does it become the beginning of the log; then it goes.
//
// Why no founder begins without it: the record of the birth says what the state is, the file stays
// until the log begins with it, and a founder that has the record and neither does not start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "birth.hpp"

namespace raft_kv {

/// Takes a state, part by part.
class staged_state {
public:
    explicit staged_state(std::string directory) : directory_{std::move(directory)} {}

    /// The bytes from `offset` on, which is where those before ended, or 0. Says what is wrong.
    [[nodiscard]] std::optional<std::string> take(std::uint64_t offset, std::string_view bytes);
    /// What is wrong, unless this is all of the state, durable.
    [[nodiscard]] std::optional<std::string>
    complete(const raft::core::snapshot_description& state) const;

private:
    std::string directory_;
    std::uint64_t size_ = 0;
};

/// Whether the log in `directory` is still to begin with the state that the birth speaks of.
[[nodiscard]] bool is_restored_by(const std::string& directory, const birth_record& birth,
                                  bool log_is_empty);

/// Lets the log begin with it. No storage may be open there. Says what is wrong.
[[nodiscard]] std::optional<std::string> install_state(const std::string& directory,
                                                       const birth_record& birth);

/// What is wrong with the state in `directory`, where a birth was heard of; none if the birth
/// speaks of none.
[[nodiscard]] std::optional<std::string> obstacle_to_state(const std::string& directory,
                                                           const birth_record& birth);

}  // namespace raft_kv
