// SPDX-License-Identifier: BSL-1.0
//
// A message and what travels beside it as one frame of bytes, and back. All numbers are
// little-endian:
//
//     u32 length      of the whole frame, this field and the checksum included
//     u8  version     4
//     u8  kind        which message, from 1 in the order of `raft::core::message`
//     u8  flags       bit 0: a configuration is in it; bit 1: commands and snapshots' bytes are
//                     withheld from the receiver (append_entries, install_snapshot)
//     u8  zero
//         message     its numbers in the order of its struct, u64 each, but for those that are
//                     u32 there; u8 for yes or no, and for the reason of a refusal
//         entries     for each: u32 with the size of its command in the low 31 bits and with the
//                     highest bit set if it has a command; then the command as `codec` writes it
//         configuration   u64 index, u8 count, u64 for each member, u32 for each of its sets of
//                     members in the order of `member_sets`
//         chunk       bytes
//     u32 checksum    CRC32C of everything before it, the length included
//
// The number of entries is not in the frame: it follows from the range that the message names, and
// so does the length of the chunk. What is read is checked as a whole, so that a receiver needs to
// check nothing again. Who sent it is not in the frame: a connection says that once, in its
// handshake. Version 1 has no bit 1, and no message after forward_proposal_refusal. Kinds from 128
// on, from version 3, are none of the protocol's (battery/comparison/report_frame.hpp).
#pragma once

#include <raft/codec/message_parts.hpp>
#include <raft/crc32c.hpp>

namespace raft::wire {

/// A message that was read, with what came beside it. Keep one and reuse it: its memory is
/// recycled. One thread at a time.
template <class Command>
struct decoded {
    core::message body{};
    std::vector<entry<Command>> entries{};
    std::optional<core::indexed_configuration> configuration{};
    /// A view into the bytes that were decoded: valid as long as they are.
    std::span<const std::byte> chunk{};
    command_access commands = command_access::given;

    /// The parts as the node takes them: views into this struct, and into the bytes decoded.
    [[nodiscard]] attachment<Command> beside() const {
        return {.entries = entries,
                .configuration = configuration ? &*configuration : nullptr,
                .chunk = chunk,
                .commands = commands};
    }
};

/// Appends a message as a frame to `out`, in a version that the receiver reads. Allocates only if
/// `out` must grow. An error: the parts do not belong together, are beyond the limits, or the
/// version has no such message. `out` is as it was then.
template <policy::encodable Command>
[[nodiscard]] std::optional<frame_error>
append_frame(std::vector<std::byte>& out, const core::message& body,
             const attachment<Command>& beside, const frame_limits& limits = {},
             std::uint8_t version = frame_version_newest) {
    if (body.index() >= detail::kinds_of(version)) return frame_error::unknown_kind;
    if (const auto fault = detail::find_fault(body, beside, limits)) return fault;
    const auto size = detail::frame_bytes(body, beside, limits);
    if (!size) return frame_error::too_large;

    const auto before = out.size();
    out.resize(before + *size);
    const auto frame = std::span{out}.subspan(before);
    detail::byte_writer writer{frame};
    writer.number(static_cast<std::uint32_t>(*size));
    writer.number(version);
    writer.number(static_cast<std::uint8_t>(body.index() + 1));
    writer.number(detail::flags_of(version, beside));
    writer.number(std::uint8_t{0});
    detail::message_writer numbers{writer};
    std::visit([&](const auto& m) { detail::each_field(numbers, m); }, body);
    detail::write_entries(writer, beside.entries);
    if (beside.configuration != nullptr) detail::write_configuration(writer, *beside.configuration);
    writer.bytes(beside.chunk);
    writer.number(crc32c(frame.first(*size - detail::checksum_bytes)));
    return std::nullopt;
}

/// What the first bytes of a stream say about the frame that they begin; to be asked before a whole
/// frame is there.
[[nodiscard]] inline frame_beginning inspect_frame(std::span<const std::byte> bytes,
                                                   const frame_limits& limits = {}) {
    return detail::inspect_length(bytes, detail::message_lengths(limits));
}

}  // namespace raft::wire

namespace raft::detail {

// Makes `into` the message of this kind, and reads its numbers.
template <std::size_t Kind = 1>
void read_message(byte_reader& in, std::uint8_t kind, message& into) {
    if constexpr (Kind > std::variant_size_v<message>) {
        in.fail(frame_error::unknown_kind);
    } else {
        if (kind != Kind) return read_message<Kind + 1>(in, kind, into);
        std::variant_alternative_t<Kind - 1, message> m{};
        message_reader numbers{in};
        each_field(numbers, m);
        into = m;
    }
}

template <class Command>
void read_parts(byte_reader& in, std::uint8_t kind, bool has_configuration,
                const frame_limits& limits, decoded<Command>& into) {
    read_message(in, kind, into.body);
    if (in.error()) return;
    const auto fault = std::visit([&](const auto& m) { return find_fault(m, limits); }, into.body);
    if (fault) return in.fail(*fault);
    if (const auto* m = std::get_if<append_entries>(&into.body))
        read_entries(in, m->last_index - m->prev.index, m->entries_term, into.entries);
    if (const auto* m = std::get_if<forward_proposal>(&into.body))
        read_entries(in, m->count, m->term, into.entries);
    if (has_configuration) read_configuration(in, into.configuration.emplace());
    if (const auto* m = std::get_if<install_snapshot>(&into.body)) into.chunk = in.take(m->length);
    if (in.left() != 0) in.fail(frame_error::bytes_left_over);
}

}  // namespace raft::detail

namespace raft::wire {

/// Reads one whole frame, from its length to its checksum. Nothing in the bytes is believed before
/// it is checked; memory is taken only for what is really there (an entry in memory may be larger
/// than in the frame, where it takes 4 bytes at least). After an error `into` says nothing.
template <policy::encodable Command>
[[nodiscard]] std::optional<frame_error> decode_frame(std::span<const std::byte> bytes,
                                                      decoded<Command>& into,
                                                      const frame_limits& limits = {}) {
    into.entries.clear();
    into.configuration.reset();
    into.chunk = {};
    const auto beginning = inspect_frame(bytes, limits);
    if (beginning.error) return beginning.error;
    if (!beginning.length) return frame_error::too_short;
    if (*beginning.length != bytes.size()) return frame_error::wrong_length;

    const auto covered = bytes.first(bytes.size() - detail::checksum_bytes);
    detail::byte_reader in{covered.subspan(sizeof(std::uint32_t))};
    const auto version = in.number<std::uint8_t>();
    const auto kind = in.number<std::uint8_t>();
    const auto flags = in.number<std::uint8_t>();
    const auto zero = in.number<std::uint8_t>();
    if (version < frame_version_oldest || version > frame_version_newest)
        return frame_error::unknown_version;
    if (crc32c(covered) != detail::load_little_endian<std::uint32_t>(&bytes[covered.size()]))
        return frame_error::wrong_checksum;
    if ((flags & ~detail::known_flags(version)) != 0 || zero != 0)
        return frame_error::unknown_flags;
    if (kind > detail::kinds_of(version)) return frame_error::unknown_kind;

    into.commands = detail::access_in(version, flags);
    detail::read_parts(in, kind, (flags & detail::configuration_flag) != 0, limits, into);
    if (in.error()) return in.error();
    return detail::find_fault(into.body, into.beside(), limits);
}

}  // namespace raft::wire
