// SPDX-License-Identifier: BSL-1.0
//
// What a flight recorder leaves behind, as values and as a file:
//
//     8 bytes     "raft-rec"
//     u32         version, 4
//     u64         length of the file in bytes
//                 stretches: their number; then of each the state before it, the instant that its
//                 first input counts from, the number of its inputs, and the inputs
//                 the state after the last input
//     u32         CRC-32C of the bytes of that last state
//     u32         CRC-32C of everything before it
//
// Numbers with a size are little-endian; values are written as codec/value.hpp says. An input is
// the time since the one before it, the number of its alternative, and its fields. A file is
// believed only as a whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <raft/codec/value.hpp>
#include <raft/core/step.hpp>
#include <raft/crc32c.hpp>

namespace raft::flight {

/// An input, and when it was given to the step.
struct recorded_input {
    instant when{};
    core::input what{};
    friend bool operator==(const recorded_input&, const recorded_input&) = default;
};

/// Inputs one after the other, and the state before the first.
struct recorded_stretch {
    core::state before{};
    std::vector<recorded_input> inputs{};
    friend bool operator==(const recorded_stretch&, const recorded_stretch&) = default;
};

/// Each stretch begins where the one before it ends.
struct recording {
    std::vector<recorded_stretch> stretches{};
    core::state after{};  ///< After the last input.
    friend bool operator==(const recording&, const recording&) = default;
};

/// What is wrong with a file. The first thing found is the one that is told.
enum class recording_error : std::uint8_t {
    unreadable,        ///< The file cannot be opened or read.
    not_a_recording,   ///< It begins otherwise.
    unknown_version,   ///< A version that this library does not read.
    wrong_length,      ///< It is not as long as it says: torn, or something was added.
    wrong_checksum,    ///< The bytes are not those that were written.
    malformed,         ///< The bytes are no recording.
    impossible_state,  ///< No server can have been in a state that is in it.
};

/// The error in plain English.
[[nodiscard]] constexpr std::string_view describe(recording_error error) {
    switch (error) {
    case recording_error::unreadable: return "the file cannot be read";
    case recording_error::not_a_recording: return "the file is not a recording";
    case recording_error::unknown_version: return "the recording's version is unknown";
    case recording_error::wrong_length: return "the recording is not as long as it says";
    case recording_error::wrong_checksum: return "the recording's checksum is wrong";
    case recording_error::malformed: return "the recording makes no sense";
    case recording_error::impossible_state: return "the recording has a state that cannot be";
    }
    return "unknown error";
}

/// The checksum by which a recording names its last state.
[[nodiscard]] inline std::uint32_t checksum_of(const core::state& s) {
    std::vector<std::byte> bytes;
    detail::append_value(bytes, s);
    return wire::crc32c(bytes);
}

}  // namespace raft::flight

namespace raft {
using flight::describe;
}

namespace raft::detail {

inline constexpr std::string_view recording_magic = "raft-rec";
inline constexpr std::uint32_t recording_version = 5;
inline constexpr std::size_t recording_header_bytes = 20;

template <class T, class Variant>
inline constexpr std::size_t index_in = 0;
template <class T, class... Ts>
inline constexpr std::size_t index_in<T, std::variant<Ts...>> = [] {
    std::size_t i = 0;
    static_cast<void>(((std::is_same_v<T, Ts> || (++i, false)) || ...));
    return i;
}();

/// `Input`: an alternative of `input`.
template <class Input>
void write_input(value_writer& out, duration since, const Input& what) {
    static_assert(index_in<Input, input> < std::variant_size_v<input>);
    out.write(since);
    out.write(index_in<Input, input>);
    out.write(what);
}

/// An hour is far above what makes sense, and far below what overflows.
[[nodiscard]] constexpr bool is_sound(const settings& config) {
    constexpr auto longest = milliseconds(3'600'000);
    return config.election_timeout >= duration{} && config.election_timeout <= longest &&
           config.heartbeat_interval >= duration{} && config.heartbeat_interval <= longest;
}

/// Whether the step may be given this state: our own invariants hold, and what names members names
/// those that there are.
[[nodiscard]] inline bool is_sound(const state& s) {
    if (!is_sound(s.config)) return false;
    for (const auto& each : s.configurations)
        if (!is_valid(each.value)) return false;
    if (s.tasks->awaited && !is_valid(s.tasks->awaited->next)) return false;
    if (!invariants(s)) return false;
    const auto everyone = s.members().everyone();
    const auto outside = [&](member_set set) { return !set.without(everyone).empty(); };
    if (const auto* standing = std::get_if<candidate_state>(&s.role))
        return !outside(standing->granted) && standing->failed <= failed_elections_max;
    const auto* leading = std::get_if<leader_state>(&s.role);
    if (leading == nullptr) return true;
    return !outside(leading->others | leading->readers | leading->full) &&
           leading->own == s.members().slot_of(s.self) &&
           (!leading->own || !leading->others.contains(*leading->own));
}

[[nodiscard]] inline flight::recorded_stretch read_stretch(value_reader& in) {
    flight::recorded_stretch stretch{.before = in.read<state>(), .inputs = {}};
    auto when = in.read<instant>();
    for (auto count = in.read<std::uint64_t>(); count > 0 && in.good(); --count) {
        const auto since = in.read<duration>();
        const auto sum = static_cast<std::uint64_t>(when.nanoseconds) +
                         static_cast<std::uint64_t>(since.nanoseconds);
        when = {static_cast<std::int64_t>(sum)};
        if (!value_reader::is_in_reach(when)) in.fail();
        stretch.inputs.push_back({when, in.read<input>()});
    }
    return stretch;
}

}  // namespace raft::detail

namespace raft::flight {

/// Reads a file that nobody vouches for.
[[nodiscard]] inline std::variant<recording, recording_error>
read_recording(std::span<const std::byte> bytes) {
    using namespace detail;
    const auto& magic = recording_magic;
    if (bytes.size() < magic.size() || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0)
        return recording_error::not_a_recording;
    if (bytes.size() < recording_header_bytes + 2 * checksum_bytes)
        return recording_error::wrong_length;
    if (load_little_endian<std::uint32_t>(&bytes[magic.size()]) != recording_version)
        return recording_error::unknown_version;
    if (load_little_endian<std::uint64_t>(&bytes[magic.size() + 4]) != bytes.size())
        return recording_error::wrong_length;
    const auto checked = bytes.first(bytes.size() - checksum_bytes);
    if (load_little_endian<std::uint32_t>(&bytes[checked.size()]) != wire::crc32c(checked))
        return recording_error::wrong_checksum;

    const auto body = checked.first(checked.size() - checksum_bytes);
    value_reader in{body.subspan(recording_header_bytes)};
    recording found;
    for (auto count = in.read<std::uint64_t>(); count > 0 && in.good(); --count)
        found.stretches.push_back(read_stretch(in));
    in.read_into(found.after);
    if (!in.good() || !in.at_end() || found.stretches.empty()) return recording_error::malformed;
    if (load_little_endian<std::uint32_t>(&bytes[body.size()]) != checksum_of(found.after))
        return recording_error::wrong_checksum;
    for (const auto& each : found.stretches)
        if (!is_sound(each.before)) return recording_error::impossible_state;
    return found;
}

}  // namespace raft::flight
