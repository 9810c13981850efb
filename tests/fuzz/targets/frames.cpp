// SPDX-License-Identifier: BSL-1.0
//
// What peers say as bytes: frames of messages, batches of them, reports, handshakes, introductions
// and proofs. The first byte says which, and whether length and checksums are made right, without
// which almost no input would get past them. Whatever the bytes are, they are refused, or they are
// a value that is written and read again as the same; and they take no more memory than in
// proportion.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include <fuzz/choices.hpp>
#include <fuzz/target.hpp>

#include <raft/battery/comparison/report_frame.hpp>
#include <raft/battery/host/batch_frame.hpp>
#include <raft/battery/proof.hpp>
#include <raft/codec.hpp>

namespace raft::fuzz {
namespace {

using bytes_vector = std::vector<std::byte>;
using text_batch = wire::batch<std::string>;

/// Writes a frame's length and checksum as they have to be.
void seal(std::span<std::byte> frame) {
    if (frame.size() < 2 * sizeof(std::uint32_t)) return;
    detail::store_little_endian(frame.data(), static_cast<std::uint32_t>(frame.size()));
    const auto covered = frame.first(frame.size() - detail::checksum_bytes);
    detail::store_little_endian(frame.data() + covered.size(), wire::crc32c(covered));
}

/// Seals each message in a batch, as far as their lengths fit, and then the whole.
void seal_batch(std::span<std::byte> batch) {
    auto rest = batch.subspan(std::min(detail::batch_header_bytes, batch.size()));
    while (rest.size() > detail::address_bytes + sizeof(std::uint32_t) + detail::checksum_bytes) {
        const auto after = rest.subspan(detail::address_bytes);
        const std::size_t length = detail::load_little_endian<std::uint16_t>(after.data());
        if (length > after.size() - detail::checksum_bytes) break;
        seal(after.first(length));
        rest = after.subspan(length);
    }
    seal(batch);
}

/// An entry takes four bytes of a frame at least; a vector that grows asks for twice as much, and
/// the frame is written anew besides.
void expect_in_proportion(std::size_t before, std::size_t input_bytes) {
    constexpr std::size_t per_byte = 4 * sizeof(entry<std::string>);
    constexpr std::size_t at_any_time = 16 * 1024;
    expect(bytes_allocated() - before <= at_any_time + per_byte * input_bytes,
           "memory is taken in proportion to the input");
}

bool is_equal(const wire::decoded<std::string>& a, const wire::decoded<std::string>& b) {
    return a.body == b.body && a.entries == b.entries && a.configuration == b.configuration &&
           std::ranges::equal(a.chunk, b.chunk) && a.commands == b.commands;
}

void try_frame(std::span<const std::byte> bytes) {
    const auto before = bytes_allocated();
    wire::decoded<std::string> read;
    const auto fault = wire::decode_frame(bytes, read);
    expect_in_proportion(before, bytes.size());
    if (fault) return;
    const auto version = std::to_integer<std::uint8_t>(bytes[4]);
    bytes_vector written;
    expect(!wire::append_frame(written, read.body, read.beside(), {}, version),
           "what was read can be sent");
    wire::decoded<std::string> again;
    expect(!wire::decode_frame(std::span<const std::byte>{written}, again),
           "what was written is read");
    expect(is_equal(read, again), "what was written means the same");
}

void try_batch(std::span<const std::byte> bytes) {
    const auto before = bytes_allocated();
    wire::batch_decoder<std::string> decoder;
    text_batch read;
    const auto fault = decoder.decode(bytes, read);
    expect_in_proportion(before, bytes.size());
    if (fault) return;
    bytes_vector written;
    expect(!wire::append_batch(written, read), "what was read can be sent");
    text_batch again;
    expect(!decoder.decode(written, again), "what was written is read");
    bytes_vector rewritten;
    expect(!wire::append_batch(rewritten, again) && rewritten == written,
           "what was written means the same");
}

void try_report(std::span<const std::byte> bytes) {
    const auto before = bytes_allocated();
    std::optional<digests::peer_report> read;
    const auto fault = wire::decode_report(bytes, read);
    expect_in_proportion(before, bytes.size());
    if (fault || !read) return;
    bytes_vector written;
    wire::append_report(written, *read);
    std::optional<digests::peer_report> again;
    expect(!wire::decode_report(written, again) && again, "what was written is read");
    bytes_vector rewritten;
    wire::append_report(rewritten, *again);
    expect(rewritten == written, "what was written means the same");
}

void try_handshake(std::span<const std::byte> bytes) {
    wire::handshake read;
    if (wire::decode_handshake(bytes, read)) return;
    wire::handshake again;
    expect(!wire::decode_handshake(wire::encode_handshake(read), again) && again == read,
           "a handshake is written as it was read");
    const auto answered = wire::answer(
        read, {read.cluster.value}, read.to, [](member_id) { return true; }, read.content,
        read.proves);
    wire::handshake heard;
    expect(!wire::decode_handshake(wire::encode_handshake(answered), heard) && heard == answered,
           "every handshake gets an answer that can be read");
}

void try_introduction(std::span<const std::byte> bytes) {
    wire::introduction read;
    if (wire::decode_introduction(bytes, read)) return;
    wire::introduction again;
    expect(!wire::decode_introduction(wire::encode_introduction(read), again) && again == read,
           "an introduction is written as it was read");
}

void try_proof(std::span<const std::byte> bytes) {
    wire::proof_frame frame{};
    if (bytes.size() != frame.size()) return;
    std::ranges::copy(bytes, frame.begin());
    wire::proof_content read;
    if (wire::decode_proof(frame, read)) return;
    expect(wire::encode_proof(read) == frame, "a proof is written as it was read");
}

struct speech {
    void (*seal)(std::span<std::byte>);
    void (*tried)(std::span<const std::byte>);
};
constexpr std::array speeches{speech{seal, try_frame},        speech{seal_batch, try_batch},
                              speech{seal, try_report},       speech{seal, try_handshake},
                              speech{seal, try_introduction}, speech{seal, try_proof}};

}  // namespace

void try_input(std::span<const std::byte> input) {
    choices chosen{input};
    const auto first = chosen.byte();
    const auto given = chosen.take_rest();
    // In memory of its own, so that a read past the end is one of the sanitizer's.
    bytes_vector bytes(given.begin(), given.end());
    const auto& what = speeches[first / 2U % speeches.size()];
    if (first % 2 == 0) what.seal(bytes);
    what.tried(bytes);
}

}  // namespace raft::fuzz
