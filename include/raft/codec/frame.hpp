// SPDX-License-Identifier: BSL-1.0
//
// What frames of every kind have in common: their limits, what can be wrong with one, and reading
// and writing numbers as little-endian bytes within bounds. What the kinds say is in message.hpp
// and handshake.hpp.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include <raft/codec/command.hpp>

namespace raft::wire {

/// The versions of the frames that this library reads. It writes the newest.
inline constexpr std::uint8_t frame_version_oldest = 1;
inline constexpr std::uint8_t frame_version_newest = 4;

/// What a frame may be at most. All servers of a cluster should have the same limits: a frame
/// beyond the receiver's is refused, however often it is sent.
struct frame_limits {
    /// The bytes of a frame with all that is in it, at most 2^31 - 1.
    std::uint32_t frame_bytes_max = 8U << 20U;
    /// The entries in one frame.
    std::uint32_t entries_max = 1U << 16U;
};

/// What is wrong with a frame. The first thing found is the one that is told.
enum class frame_error : std::uint8_t {
    too_short,                ///< Fewer bytes than the shortest frame has.
    too_large,                ///< More bytes than `frame_limits::frame_bytes_max`.
    wrong_length,             ///< The length in the frame is not the number of bytes given.
    unknown_version,          ///< A version that this library does not read.
    wrong_checksum,           ///< The bytes are not those that were written.
    unknown_kind,             ///< No message has this number.
    unknown_flags,            ///< A flag that this version does not know, or does not expect here.
    ends_too_soon,            ///< The frame ends before all that it announces.
    bytes_left_over,          ///< The frame goes on after all that it announces.
    number_out_of_range,      ///< A term, index, round, or size of 2^63 or more.
    not_a_boolean,            ///< A byte for yes or no that is neither 0 nor 1.
    unknown_reason,           ///< A reason for a refusal that this version does not know.
    range_backwards,          ///< The last entry lies before the previous one.
    too_many_entries,         ///< More entries than `frame_limits::entries_max`.
    terms_backwards,          ///< The terms of prev, of the entries and of the leader decrease.
    wrong_entries,            ///< The entries beside the message are not those it names.
    bad_command,              ///< `codec<Command>` does not take the bytes of a command.
    bad_configuration,        ///< Members or voters that cannot be a configuration.
    configuration_misplaced,  ///< A configuration whose index is not that of an entry of its kind.
    chunk_out_of_range,       ///< A chunk that reaches beyond the end of the snapshot.
    wrong_chunk,              ///< The chunk beside the message is not as long as the message says.
    attachment_misplaced,     ///< Something beside a message that takes nothing beside it.
    not_a_handshake,          ///< Whoever sent this does not speak this protocol at all.
    unknown_verdict,          ///< An answer to a handshake that this version does not know.
};

/// The error in plain English, for a log.
[[nodiscard]] constexpr std::string_view describe(frame_error error) {
    switch (error) {
    case frame_error::too_short: return "the frame is shorter than any frame";
    case frame_error::too_large: return "the frame is larger than the limit";
    case frame_error::wrong_length: return "the frame's length is not what it says";
    case frame_error::unknown_version: return "the frame's version is unknown";
    case frame_error::wrong_checksum: return "the frame's checksum is wrong";
    case frame_error::unknown_kind: return "the frame's kind is unknown";
    case frame_error::unknown_flags: return "the frame has unknown flags";
    case frame_error::ends_too_soon: return "the frame ends too soon";
    case frame_error::bytes_left_over: return "the frame has bytes left over";
    case frame_error::number_out_of_range: return "a number in the frame is out of range";
    case frame_error::not_a_boolean: return "a byte in the frame is neither yes nor no";
    case frame_error::unknown_reason: return "the reason of the refusal is unknown";
    case frame_error::range_backwards: return "the range of entries is backwards";
    case frame_error::too_many_entries: return "there are more entries than the limit";
    case frame_error::terms_backwards: return "the terms are backwards";
    case frame_error::wrong_entries: return "the entries are not those of the message";
    case frame_error::bad_command: return "the bytes of a command are not one";
    case frame_error::bad_configuration: return "the configuration is not valid";
    case frame_error::configuration_misplaced: return "the configuration is misplaced";
    case frame_error::chunk_out_of_range: return "the chunk is outside of the snapshot";
    case frame_error::wrong_chunk: return "the chunk is not as long as the message says";
    case frame_error::attachment_misplaced: return "nothing can travel beside this message";
    case frame_error::not_a_handshake: return "the handshake is not one";
    case frame_error::unknown_verdict: return "the answer to the handshake is unknown";
    }
    return "unknown error";
}

/// What the first bytes of a stream say about the frame that they begin.
struct frame_beginning {
    std::optional<std::size_t> length{};  ///< The bytes of the whole frame; none: not known yet.
    std::optional<frame_error> error{};   ///< The stream cannot be read on: close it.
};

}  // namespace raft::wire

namespace raft {
using wire::describe;
}

namespace raft::detail {
using namespace wire;

inline constexpr std::size_t checksum_bytes = 4;

/// How long the frames of one kind can be.
struct frame_lengths {
    std::size_t least = 0;
    std::size_t most = 0;
};

template <std::unsigned_integral Number>
void store_little_endian(std::byte* to, Number number) {
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(to, &number, sizeof(Number));
    } else {
        for (std::size_t i = 0; i < sizeof(Number); ++i)
            to[i] = static_cast<std::byte>(number >> (8 * i));
    }
}

template <std::unsigned_integral Number>
[[nodiscard]] Number load_little_endian(const std::byte* from) {
    Number number{};
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&number, from, sizeof(Number));
    } else {
        for (std::size_t i = 0; i < sizeof(Number); ++i)
            number |= static_cast<Number>(std::to_integer<Number>(from[i]) << (8 * i));
    }
    return number;
}

/// Frames of every kind begin with their length.
[[nodiscard]] inline frame_beginning inspect_length(std::span<const std::byte> bytes,
                                                    const frame_lengths& lengths) {
    if (bytes.size() < sizeof(std::uint32_t)) return {};
    const std::size_t length = load_little_endian<std::uint32_t>(bytes.data());
    if (length > lengths.most) return {.error = frame_error::too_large};
    if (length < lengths.least) return {.error = frame_error::too_short};
    return {.length = length};
}

/// Fills a span whose size was computed beforehand.
class byte_writer {
public:
    explicit byte_writer(std::span<std::byte> out) : out_{out} {}

    template <std::unsigned_integral Number>
    void number(Number value) {
        store_little_endian(take(sizeof(Number)).data(), value);
    }

    void bytes(std::span<const std::byte> value) {
        copy_bytes(take(value.size()).data(), value.data(), value.size());
    }

    [[nodiscard]] std::span<std::byte> take(std::size_t count) {
        const auto taken = out_.first(count);
        out_ = out_.subspan(count);
        return taken;
    }

private:
    std::span<std::byte> out_;
};

/// Reads bytes from outside. After the first error every read gives zeros, so that the readers can
/// ask for the error once, at the end of a part.
class byte_reader {
public:
    explicit byte_reader(std::span<const std::byte> bytes) : rest_{bytes} {}

    template <std::unsigned_integral Number>
    [[nodiscard]] Number number() {
        const auto taken = take(sizeof(Number));
        return taken.empty() ? Number{} : load_little_endian<Number>(taken.data());
    }

    /// `count` bytes, or none of them if so many are not there.
    [[nodiscard]] std::span<const std::byte> take(std::size_t count) {
        if (count > rest_.size()) fail(frame_error::ends_too_soon);
        if (error_) return {};
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    void fail(frame_error error) {
        if (!error_) error_ = error;
    }

    [[nodiscard]] std::size_t left() const { return rest_.size(); }
    [[nodiscard]] std::optional<frame_error> error() const { return error_; }

private:
    std::span<const std::byte> rest_;
    std::optional<frame_error> error_{};
};

}  // namespace raft::detail
