// SPDX-License-Identifier: BSL-1.0
//
// How two servers prove to each other that they know the same secret, where both want that. It is
// part of their handshake (codec/handshake.hpp), between the answer and the verdict on the
// introduction:
//
//     the caller               the server that it called
//     question            ->
//                         <-   answer, challenge: a nonce
//     introduction,
//     a nonce and a proof ->
//                         <-   introduction with the verdict, a nonce and a proof
//
// A proof is the authentication code, under the secret, of a label for its side and the transcript
// before it: so both ids, the cluster, the histories, the storages and the nonces are in it. It is
// valid for one connection, since the side that checks it has drawn a nonce for that; and the label
// keeps a proof from being reflected to its sender.
//
// The caller proves first: one that cannot learns no more than that.
//
//     u32 length (76), u32 magic, 32 bytes nonce, 32 bytes proof, u32 checksum
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <raft/codec/handshake.hpp>

namespace raft::wire {

/// A nonce and a code; zeros where a side has none to send.
struct proof_content {
    std::array<std::byte, 32> drawn{};
    std::array<std::byte, 32> code{};
    friend bool operator==(const proof_content&, const proof_content&) = default;
};

inline constexpr std::size_t proof_frame_bytes = 76;
using proof_frame = std::array<std::byte, proof_frame_bytes>;

[[nodiscard]] inline proof_frame encode_proof(const proof_content& content) {
    proof_frame frame{};
    detail::byte_writer out{frame};
    out.number(static_cast<std::uint32_t>(proof_frame_bytes));
    out.number(handshake_magic);
    const auto drawn = std::ranges::copy(content.drawn, frame.begin() + 8).out;
    const auto code = std::ranges::copy(content.code, drawn).out;
    const auto sum = crc32c(std::span<const std::byte>{frame.begin(), code});
    detail::byte_writer{std::span<std::byte>{code, frame.end()}}.number(sum);
    return frame;
}

[[nodiscard]] inline std::optional<frame_error> decode_proof(const proof_frame& frame,
                                                             proof_content& into) {
    detail::byte_reader in{frame};
    const auto length = in.number<std::uint32_t>();
    const auto magic = in.number<std::uint32_t>();
    if (length != proof_frame_bytes || magic != handshake_magic)
        return frame_error::not_a_handshake;
    const auto covered = std::span{frame}.first(proof_frame_bytes - detail::checksum_bytes);
    if (crc32c(covered) != detail::load_little_endian<std::uint32_t>(&frame[covered.size()]))
        return frame_error::wrong_checksum;
    std::ranges::copy(covered.subspan(8, into.drawn.size()), into.drawn.begin());
    std::ranges::copy(covered.last(into.code.size()), into.code.begin());
    return std::nullopt;
}

/// What both ends of a connection have sent, in its order. Each piece has one length only, so that
/// no two conversations give the same bytes.
class transcript {
public:
    static constexpr std::string_view caller = "raft: who calls      ";
    static constexpr std::string_view called = "raft: who was called ";

    void add(std::span<const std::byte> sent) { all_.insert(all_.end(), sent.begin(), sent.end()); }

    /// What the proof of one side is a code of.
    [[nodiscard]] std::vector<std::byte> labelled(std::string_view label) const {
        const auto bytes = std::as_bytes(std::span{label});
        std::vector<std::byte> text{bytes.begin(), bytes.end()};
        text.insert(text.end(), all_.begin(), all_.end());
        return text;
    }

private:
    std::vector<std::byte> all_{};
};

}  // namespace raft::wire
