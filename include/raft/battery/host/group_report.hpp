// SPDX-License-Identifier: BSL-1.0
//
// What a server of one group tells another beside the protocol, from host to host, and as a frame
// (battery/comparison/report_frame.hpp says what such frames have in common):
//
//     u32 length, u8 version (4), u8 kind (129), u16 zero
//     u64 group, u64 from, u64 to, and the report
//     u32 checksum
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <raft/battery/comparison/report_frame.hpp>
#include <raft/battery/host/batch.hpp>

namespace raft::digests {

struct group_report {
    group_id group{};
    member_id from{};
    member_id to{};
    peer_report said{};
    friend bool operator==(const group_report&, const group_report&) = default;
};

}  // namespace raft::digests

namespace raft::wire {

inline constexpr std::uint8_t group_reports_from = 4;
inline constexpr std::uint8_t group_report_kind = 129;

/// Appends a report as a frame to `out`, in a version from `group_reports_from` on.
inline void append_report(std::vector<std::byte>& out, const digests::group_report& sent,
                          std::uint8_t version = frame_version_newest) {
    constexpr std::size_t address_bytes = 24;
    detail::append_beside(out, version, group_report_kind,
                          address_bytes + detail::report_bytes(sent.said, version),
                          [&](detail::byte_writer& to) {
                              to.number(sent.group.value);
                              to.number(sent.from.value);
                              to.number(sent.to.value);
                              detail::write_report(to, sent.said, version);
                          });
}

/// Reads one whole frame for which `is_beside_protocol` holds. `into` is none if it is of a kind
/// that this version does not know.
[[nodiscard]] inline std::optional<frame_error>
decode_report(std::span<const std::byte> bytes, std::optional<digests::group_report>& into) {
    into.reset();
    const auto error = detail::read_beside(bytes, group_report_kind,
                                           [&](detail::byte_reader& in, std::uint8_t version) {
                                               auto& read = into.emplace();
                                               read.group.value = in.number<std::uint64_t>();
                                               read.from.value = in.number<std::uint64_t>();
                                               read.to.value = in.number<std::uint64_t>();
                                               detail::read_report(in, read.said, version);
                                           });
    if (error) into.reset();
    return error;
}

}  // namespace raft::wire
