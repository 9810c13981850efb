// SPDX-License-Identifier: BSL-1.0
//
// The first words on a connection between two servers: who calls whom, in which cluster, in which
// versions; then the answer. All versions to come keep its form, so that old and new can tell each
// other why they part. Against attackers there are proofs besides (battery/proof.hpp).
//
//     u32 length (40), u32 magic, u8 verdict, u8 oldest version, u8 newest version, u8 content,
//     u64 cluster, u64 from, u64 to, u32 checksum (CRC32C of everything before it)
//
// The highest bit of the content says that who sends it proves who it is, and wants that proved. To
// a server that is older than proofs this is a content that it does not know, and refuses.
#pragma once

#include <array>
#include <string_view>

#include <raft/codec/frame.hpp>
#include <raft/core/types.hpp>
#include <raft/crc32c.hpp>
#include <raft/policy/identity.hpp>

namespace raft::wire {

/// A cluster's number: any that no other cluster has which could be reached by mistake.
struct cluster_id {
    std::uint64_t value = 0;
    friend constexpr bool operator==(const cluster_id&, const cluster_id&) = default;
};

/// What the frames are that follow a handshake.
enum class frame_content : std::uint8_t {
    messages,  ///< The messages of one node (message.hpp).
    batches,   ///< Those of all nodes of a host (battery/host/batch_frame.hpp).
};

/// The content in plain English, for a log.
[[nodiscard]] constexpr std::string_view describe(frame_content content) {
    switch (content) {
    case frame_content::messages: return "the messages of one node";
    case frame_content::batches: return "the messages of a host of groups";
    }
    return "unknown content";
}

/// What a server answers to a handshake, and why.
enum class handshake_verdict : std::uint8_t {
    asking,           ///< Not an answer: the question.
    welcome,          ///< The frames may begin.
    other_cluster,    ///< The caller belongs to another cluster.
    unknown_version,  ///< The caller's versions and ours have none in common.
    unknown_member,   ///< The caller is not among the peers of this server.
    not_me,           ///< The caller means another server than the one it has reached.
    same_identity,    ///< The caller says that it is the server that it calls.
    other_content,    ///< One of them has a node to talk to, and the other a host of many.
    other_history,    ///< Of an introduction: their clusters were born apart.
    other_storage,    ///< Of an introduction: the caller had another storage when it was here last.
    proof_wanted,     ///< The caller has no secret, and is heard only with a proof that it has one.
    no_secret,        ///< The caller wants a proof, and the server that it called has no secret.
    wrong_proof,      ///< Of an introduction: the caller's proof is not right.
    other_name,       ///< The certificate is not that of the member that it comes with.
    not_noted,        ///< Of an introduction: the caller's storage is new, and cannot be noted now.
};

/// The verdict in plain English, for a log.
[[nodiscard]] constexpr std::string_view describe(handshake_verdict verdict) {
    switch (verdict) {
    case handshake_verdict::asking: return "a question instead of an answer";
    case handshake_verdict::welcome: return "welcome";
    case handshake_verdict::other_cluster: return "the other server is of another cluster";
    case handshake_verdict::unknown_version: return "no protocol version in common";
    case handshake_verdict::unknown_member: return "the caller is not a known member";
    case handshake_verdict::not_me: return "the server reached is not the one called";
    case handshake_verdict::same_identity: return "both servers have the same identity";
    case handshake_verdict::other_content: return "one is a host of groups, the other is not";
    case handshake_verdict::other_history:
        return "the other server's cluster has another history: it was born anew";
    case handshake_verdict::other_storage:
        return "the server had another storage before: what that had promised is lost";
    case handshake_verdict::proof_wanted: return "the caller has no secret, and one is wanted";
    case handshake_verdict::no_secret: return "the server called has no secret, and one is wanted";
    case handshake_verdict::wrong_proof:
        return "the proof is wrong: of another secret, or of an earlier connection";
    case handshake_verdict::other_name: return "the certificate is of another member";
    case handshake_verdict::not_noted: return "the caller's storage cannot be noted now";
    }
    return "unknown verdict";
}

/// A question, or the answer to one.
struct handshake {
    handshake_verdict verdict = handshake_verdict::asking;
    /// Question: the versions that the caller reads and writes. Welcome: both the one to be used.
    std::uint8_t version_oldest = frame_version_oldest;
    std::uint8_t version_newest = frame_version_newest;
    frame_content content = frame_content::messages;
    /// Proofs follow, from both sides.
    bool proves = false;
    cluster_id cluster{};
    member_id from{};
    member_id to{};
    friend constexpr bool operator==(const handshake&, const handshake&) = default;
};

inline constexpr std::size_t handshake_bytes = 40;
/// The first version in which servers introduce themselves. There are no proofs without that.
inline constexpr std::uint8_t introductions_from = 2;

inline constexpr std::uint32_t handshake_magic = 0x74666172;  // "raft", as its bytes are sent.
inline constexpr std::uint8_t proves_bit = 0x80;              // Of the content.

/// A handshake as bytes.
[[nodiscard]] inline std::array<std::byte, handshake_bytes> encode_handshake(const handshake& h) {
    std::array<std::byte, handshake_bytes> frame{};
    detail::byte_writer out{frame};
    out.number(static_cast<std::uint32_t>(handshake_bytes));
    out.number(handshake_magic);
    out.number(static_cast<std::uint8_t>(h.verdict));
    out.number(h.version_oldest);
    out.number(h.version_newest);
    const auto proofs = h.proves ? proves_bit : std::uint8_t{0};
    out.number(static_cast<std::uint8_t>(static_cast<std::uint8_t>(h.content) | proofs));
    out.number(h.cluster.value);
    out.number(h.from.value);
    out.number(h.to.value);
    out.number(crc32c(std::span{frame}.first(handshake_bytes - detail::checksum_bytes)));
    return frame;
}

/// From version 2 on each side says after the handshake which history it belongs to, and which
/// storage it has (policy/identity.hpp): first the caller; then the other side, with its verdict.
///
///     u32 length (32), u32 magic, u8 verdict, 3 zeros, u64 history, u64 mark, u32 checksum
struct introduction {
    handshake_verdict verdict = handshake_verdict::asking;
    history_id history{};  ///< 0: it is not said, and everybody's.
    storage_mark mark{};   ///< 0: it is not said.
    friend constexpr bool operator==(const introduction&, const introduction&) = default;
};

inline constexpr std::size_t introduction_bytes = 32;

[[nodiscard]] inline std::array<std::byte, introduction_bytes>
encode_introduction(const introduction& said) {
    std::array<std::byte, introduction_bytes> frame{};
    detail::byte_writer out{frame};
    out.number(static_cast<std::uint32_t>(introduction_bytes));
    out.number(handshake_magic);
    out.number(static_cast<std::uint32_t>(said.verdict));
    out.number(said.history.value);
    out.number(said.mark.value);
    out.number(crc32c(std::span{frame}.first(introduction_bytes - detail::checksum_bytes)));
    return frame;
}

[[nodiscard]] inline std::optional<frame_error>
decode_introduction(std::span<const std::byte> bytes, introduction& into) {
    if (bytes.size() != introduction_bytes) return frame_error::wrong_length;
    detail::byte_reader in{bytes};
    const auto length = in.number<std::uint32_t>();
    const auto magic = in.number<std::uint32_t>();
    if (length != introduction_bytes || magic != handshake_magic)
        return frame_error::not_a_handshake;
    const auto covered = bytes.first(introduction_bytes - detail::checksum_bytes);
    if (crc32c(covered) != detail::load_little_endian<std::uint32_t>(&bytes[covered.size()]))
        return frame_error::wrong_checksum;
    const auto verdict = in.number<std::uint32_t>();
    if (verdict > static_cast<std::uint32_t>(handshake_verdict::not_noted))
        return frame_error::unknown_verdict;
    into.verdict = static_cast<handshake_verdict>(verdict);
    into.history.value = in.number<std::uint64_t>();
    into.mark.value = in.number<std::uint64_t>();
    return std::nullopt;
}

/// Whether two servers that say this of their histories belong together.
[[nodiscard]] constexpr bool share_history(history_id a, history_id b) {
    return a == b || a == history_id{} || b == history_id{};
}

/// Reads a handshake. Versions and contents yet unknown are not an error here, so that they can be
/// answered.
[[nodiscard]] inline std::optional<frame_error> decode_handshake(std::span<const std::byte> bytes,
                                                                 handshake& into) {
    if (bytes.size() < handshake_bytes) return frame_error::too_short;
    detail::byte_reader in{bytes};
    const auto length = in.number<std::uint32_t>();
    const auto magic = in.number<std::uint32_t>();
    if (length != handshake_bytes || magic != handshake_magic) return frame_error::not_a_handshake;
    if (bytes.size() != handshake_bytes) return frame_error::bytes_left_over;
    const auto covered = bytes.first(handshake_bytes - detail::checksum_bytes);
    if (crc32c(covered) != detail::load_little_endian<std::uint32_t>(&bytes[covered.size()]))
        return frame_error::wrong_checksum;
    const auto verdict = in.number<std::uint8_t>();
    if (verdict > static_cast<std::uint8_t>(handshake_verdict::not_noted))
        return frame_error::unknown_verdict;
    into.verdict = static_cast<handshake_verdict>(verdict);
    into.version_oldest = in.number<std::uint8_t>();
    into.version_newest = in.number<std::uint8_t>();
    const auto content = in.number<std::uint8_t>();
    into.content = static_cast<frame_content>(content & ~proves_bit);
    into.proves = (content & proves_bit) != 0;
    into.cluster.value = in.number<std::uint64_t>();
    into.from.value = in.number<std::uint64_t>();
    into.to.value = in.number<std::uint64_t>();
    return std::nullopt;
}

/// What the server `self`, reached by a caller, answers to its handshake. `is_peer(member_id)` says
/// whether it would take messages from that member, and `content` as what; `proves`: with proofs.
template <class IsPeer>
[[nodiscard]] handshake
answer(const handshake& question, cluster_id cluster, member_id self, const IsPeer& is_peer,
       frame_content content = frame_content::messages, bool proves = false) {
    handshake reply{.content = content,
                    .proves = proves && question.proves,
                    .cluster = cluster,
                    .from = self,
                    .to = question.from};
    const auto oldest_here = proves ? introductions_from : frame_version_oldest;
    const auto oldest =
        question.version_oldest > oldest_here ? question.version_oldest : oldest_here;
    const auto newest = question.version_newest < frame_version_newest ? question.version_newest
                                                                       : frame_version_newest;
    if (question.cluster != cluster) {
        reply.verdict = handshake_verdict::other_cluster;
    } else if (question.proves != proves) {
        reply.verdict = proves ? handshake_verdict::proof_wanted : handshake_verdict::no_secret;
    } else if (oldest > newest) {
        reply.verdict = handshake_verdict::unknown_version;
    } else if (question.content != content) {
        reply.verdict = handshake_verdict::other_content;
    } else if (question.from == self) {
        reply.verdict = handshake_verdict::same_identity;
    } else if (question.to != self) {
        reply.verdict = handshake_verdict::not_me;
    } else if (!is_peer(question.from)) {
        reply.verdict = handshake_verdict::unknown_member;
    } else {
        reply.verdict = handshake_verdict::welcome;
        reply.version_oldest = newest;
        reply.version_newest = newest;
    }
    return reply;
}

}  // namespace raft::wire

namespace raft {
using wire::describe;
}
