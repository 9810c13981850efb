// SPDX-License-Identifier: BSL-1.0
//
// A report as one frame of bytes (codec/message.hpp says what frames have in common), and back:
//
//     u32 length, u8 version (4), u8 kind (128), u16 zero
//     u8 purpose, u64 term, u64 election timeout (ns), u32 version of the digests
//     u32 version of the commands that are read, u32 of those that are permitted
//     u8 how many digests, each u64 index, u64 value
//     u64 index of the difference, u8 whether a majority agrees, u64 on what
//     u8 how many were compared, each u64 member, u64 value
//     u32 checksum    CRC32C of everything before it
//
// Kinds from 128 on are none of the protocol's, so that whoever does not know one passes it over.
// Before version 3 there were none, and in version 3 nothing on commands.
#pragma once

#include <raft/battery/comparison/report.hpp>
#include <raft/codec/frame.hpp>
#include <raft/core/configuration.hpp>
#include <raft/crc32c.hpp>

namespace raft::wire {

inline constexpr std::uint8_t reports_from = 3;
inline constexpr std::uint8_t reports_on_commands_from = 4;
inline constexpr std::uint8_t beside_protocol_from = 128;
inline constexpr std::uint8_t report_kind = 128;

/// Whether a whole frame is none of the protocol's messages.
[[nodiscard]] inline bool is_beside_protocol(std::span<const std::byte> frame) {
    return frame.size() > 5 && std::to_integer<std::uint8_t>(frame[4]) >= reports_from &&
           std::to_integer<std::uint8_t>(frame[5]) >= beside_protocol_from;
}

}  // namespace raft::wire

namespace raft::detail {

inline constexpr std::size_t frame_head_bytes = 8;
inline constexpr std::size_t report_digests_max = 64;

struct report_writer {
    byte_writer& out;
    void operator()(const state_digest& each) const {
        out.number(each.index.value);
        out.number(each.value);
    }
    void operator()(const digests::member_digest& each) const {
        out.number(each.member.value);
        out.number(each.value);
    }
    void operator()(const auto& list) const {
        out.number(static_cast<std::uint8_t>(list.size()));
        for (const auto& each : list) (*this)(each);
    }
};

struct report_reader {
    byte_reader& in;
    void operator()(state_digest& each) const {
        each = {{in.number<std::uint64_t>()}, in.number<std::uint64_t>()};
    }
    void operator()(digests::member_digest& each) const {
        each = {{in.number<std::uint64_t>()}, in.number<std::uint64_t>()};
    }
    void operator()(auto& list, std::size_t most) const {
        const auto count = in.number<std::uint8_t>();
        if (count > most) return in.fail(frame_error::wrong_length);
        list.resize(count);
        for (auto& each : list) (*this)(each);
    }
};

[[nodiscard]] inline std::size_t report_bytes(const digests::peer_report& said,
                                              std::uint8_t version) {
    const auto entries = said.digests.size() + said.difference.compared.size();
    const std::size_t on_commands = version >= wire::reports_on_commands_from ? 8 : 0;
    return 1 + 8 + 8 + 4 + on_commands + 1 + 8 + 1 + 8 + 1 + 16 * entries;
}

inline void write_report(byte_writer& to, const digests::peer_report& said, std::uint8_t version) {
    to.number(static_cast<std::uint8_t>(said.purpose));
    to.number(said.term.value);
    to.number(static_cast<std::uint64_t>(said.election_timeout.nanoseconds));
    to.number(said.digest_version);
    if (version >= wire::reports_on_commands_from) {
        to.number(said.commands_read);
        to.number(said.commands_permitted);
    }
    report_writer{to}(said.digests);
    to.number(said.difference.index.value);
    to.number(static_cast<std::uint8_t>(said.difference.agreed ? 1 : 0));
    to.number(said.difference.agreed.value_or(0));
    report_writer{to}(said.difference.compared);
}

inline void read_report(byte_reader& in, digests::peer_report& into, std::uint8_t version) {
    const auto purpose = in.number<std::uint8_t>();
    if (purpose > static_cast<std::uint8_t>(digests::report_purpose::stopping))
        in.fail(frame_error::unknown_kind);
    into.purpose = static_cast<digests::report_purpose>(purpose);
    into.term.value = in.number<std::uint64_t>();
    const auto timeout = in.number<std::uint64_t>();
    if ((into.term.value | timeout) >> 63U != 0) in.fail(frame_error::number_out_of_range);
    into.election_timeout.nanoseconds = static_cast<std::int64_t>(timeout);
    into.digest_version = in.number<std::uint32_t>();
    const bool on_commands = version >= wire::reports_on_commands_from;
    into.commands_read = on_commands ? in.number<std::uint32_t>() : 0;
    into.commands_permitted = on_commands ? in.number<std::uint32_t>() : 0;
    report_reader{in}(into.digests, report_digests_max);
    auto& found = into.difference;
    found.index.value = in.number<std::uint64_t>();
    const auto agrees = in.number<std::uint8_t>();
    if (agrees > 1) in.fail(frame_error::not_a_boolean);
    found.agreed = in.number<std::uint64_t>();
    if (agrees == 0) found.agreed.reset();
    report_reader{in}(found.compared, members_max);
    if (in.left() != 0) in.fail(frame_error::bytes_left_over);
}

/// Appends a frame of something beside the protocol: `fill(byte_writer&)` writes its `bytes`.
template <class Fill>
void append_beside(std::vector<std::byte>& out, std::uint8_t version, std::uint8_t kind,
                   std::size_t bytes, Fill fill) {
    const auto size = frame_head_bytes + bytes + checksum_bytes;
    const auto before = out.size();
    out.resize(before + size);
    const auto frame = std::span{out}.subspan(before);
    byte_writer to{frame};
    to.number(static_cast<std::uint32_t>(size));
    to.number(version);
    to.number(kind);
    to.number(std::uint16_t{0});
    fill(to);
    to.number(wire::crc32c(frame.first(size - checksum_bytes)));
}

/// Reads one whole frame for which `is_beside_protocol` holds, if it is of this kind: then
/// `read(byte_reader&, std::uint8_t version)` has read what it carries.
template <class Read>
[[nodiscard]] std::optional<wire::frame_error> read_beside(std::span<const std::byte> bytes,
                                                           std::uint8_t kind, Read read) {
    using wire::frame_error;
    if (bytes.size() < frame_head_bytes + checksum_bytes) return frame_error::too_short;
    const auto covered = bytes.first(bytes.size() - checksum_bytes);
    if (wire::crc32c(covered) != load_little_endian<std::uint32_t>(&bytes[covered.size()]))
        return frame_error::wrong_checksum;
    const auto version = std::to_integer<std::uint8_t>(bytes[4]);
    if (version > wire::frame_version_newest) return frame_error::unknown_version;
    if (std::to_integer<std::uint8_t>(bytes[5]) != kind) return std::nullopt;
    byte_reader in{covered.subspan(6)};
    if (in.number<std::uint16_t>() != 0) return frame_error::unknown_flags;
    read(in, version);
    return in.error();
}

}  // namespace raft::detail

namespace raft::wire {

/// Appends a report as a frame to `out`, in a version that the receiver reads, from `reports_from`
/// on. Of its lists no more than 64 digests and 32 members.
inline void append_report(std::vector<std::byte>& out, const digests::peer_report& said,
                          std::uint8_t version = frame_version_newest) {
    detail::append_beside(
        out, version, report_kind, detail::report_bytes(said, version),
        [&](detail::byte_writer& to) { detail::write_report(to, said, version); });
}

/// Reads one whole frame for which `is_beside_protocol` holds. `into` is none if it is of a kind
/// that this version does not know.
[[nodiscard]] inline std::optional<frame_error>
decode_report(std::span<const std::byte> bytes, std::optional<digests::peer_report>& into) {
    into.reset();
    const auto error =
        detail::read_beside(bytes, report_kind, [&](detail::byte_reader& in, std::uint8_t version) {
            detail::read_report(in, into.emplace(), version);
        });
    if (error) into.reset();
    return error;
}

}  // namespace raft::wire
