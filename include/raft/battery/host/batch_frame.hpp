// SPDX-License-Identifier: BSL-1.0
//
// A batch as one frame of bytes, and back, for transports that carry bytes. All numbers are
// little-endian:
//
//     u32 length      of the whole, this field and the checksum included
//     u8  version     1
//     u8  zero, three times
//     u32 count       of messages
//         for each:   u64 group, u64 from, u64 to, and the message as a frame (codec/message.hpp)
//     u32 checksum    CRC32C of everything before it
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <raft/battery/host/batch.hpp>
#include <raft/codec/message.hpp>

namespace raft::wire {

/// What a batch in bytes may be at most, the same on every host.
struct batch_frame_limits {
    std::uint32_t batch_bytes_max = 256U << 20U;
    frame_limits each{};  ///< Of each message in it.
};

}  // namespace raft::wire

namespace raft::detail {
inline constexpr std::size_t batch_header_bytes = 12;
inline constexpr std::size_t address_bytes = 24;

[[nodiscard]] inline frame_lengths batch_lengths(const batch_frame_limits& limits) {
    return {.least = batch_header_bytes + checksum_bytes, .most = limits.batch_bytes_max};
}
}  // namespace raft::detail

namespace raft::wire {

/// Writes one batch as a frame, message by message, to the end of `out`, which nothing else changes
/// meanwhile. Allocates only if `out` must grow.
template <policy::encodable Command>
class batch_writer {
public:
    /// `version`: of the messages in it, which the receiver reads.
    batch_writer(std::vector<std::byte>& out, const batch_frame_limits& limits,
                 std::uint8_t version = frame_version_newest)
        : out_{&out}, limits_{limits}, version_{version}, begin_{out.size()} {
        out.resize(begin_ + detail::batch_header_bytes);
    }

    /// The messages in it so far.
    [[nodiscard]] std::uint32_t count() const { return count_; }

    /// After an error the message is not in it, and everything else is as it was.
    [[nodiscard]] std::optional<frame_error> add(const batch_part<Command>& part) {
        const auto place = out_->size();
        out_->resize(place + detail::address_bytes);
        detail::byte_writer address{std::span{*out_}.subspan(place)};
        for (const auto id : {part.group.value, part.from.value, part.to.value}) address.number(id);
        auto fault = append_frame(*out_, part.body, part.beside, limits_.each, version_);
        if (!fault && size() > limits_.batch_bytes_max) fault = frame_error::too_large;
        if (fault)
            out_->resize(place);
        else
            ++count_;
        return fault;
    }

    /// The frame is complete; nothing is added after that.
    void finish() {
        const auto bytes = size();
        out_->resize(begin_ + bytes);
        const auto whole = std::span{*out_}.subspan(begin_);
        detail::byte_writer header{whole};
        header.number(static_cast<std::uint32_t>(bytes));
        header.number(std::uint32_t{1});
        header.number(count_);
        const auto covered = whole.first(bytes - detail::checksum_bytes);
        detail::store_little_endian(whole.data() + covered.size(), crc32c(covered));
    }

    /// What was written of the frame is taken out again.
    void cancel() { out_->resize(begin_); }

private:
    [[nodiscard]] std::size_t size() const {
        return out_->size() - begin_ + detail::checksum_bytes;
    }

    std::vector<std::byte>* out_;
    batch_frame_limits limits_;
    std::uint8_t version_;
    std::size_t begin_;
    std::uint32_t count_ = 0;
};

/// Appends a batch as a frame to `out`. Allocates only if `out` must grow. After an error `out` is
/// as it was.
template <policy::encodable Command>
[[nodiscard]] std::optional<frame_error> append_batch(std::vector<std::byte>& out,
                                                      const batch<Command>& messages,
                                                      const batch_frame_limits& limits = {}) {
    batch_writer<Command> writer{out, limits};
    std::optional<frame_error> fault;
    messages.for_each([&](const batch_part<Command>& part) {
        if (!fault) fault = writer.add(part);
    });
    if (fault)
        writer.cancel();
    else
        writer.finish();
    return fault;
}

/// What the first bytes of a stream say about the batch that they begin.
[[nodiscard]] inline frame_beginning inspect_batch(std::span<const std::byte> bytes,
                                                   const batch_frame_limits& limits = {}) {
    return detail::inspect_length(bytes, detail::batch_lengths(limits));
}

/// Reads batches. Keep one and reuse it: its memory is recycled. One thread at a time.
template <policy::encodable Command>
class batch_decoder {
public:
    explicit batch_decoder(const batch_frame_limits& limits = {}) : limits_{limits} {}

    /// Reads one whole batch into `into`. Nothing in the bytes is believed before it is checked,
    /// and memory is taken only for what is there. After an error `into` is empty: a batch is taken
    /// whole, or not.
    [[nodiscard]] std::optional<frame_error> decode(std::span<const std::byte> bytes,
                                                    batch<Command>& into) {
        into.clear();
        const auto fault = read(bytes, into);
        if (fault) into.clear();
        return fault;
    }

private:
    [[nodiscard]] std::optional<frame_error> read(std::span<const std::byte> bytes,
                                                  batch<Command>& into) {
        const auto beginning = inspect_batch(bytes, limits_);
        if (beginning.error) return beginning.error;
        if (!beginning.length) return frame_error::too_short;
        if (*beginning.length != bytes.size()) return frame_error::wrong_length;
        const auto covered = bytes.first(bytes.size() - detail::checksum_bytes);
        if (crc32c(covered) != detail::load_little_endian<std::uint32_t>(&bytes[covered.size()]))
            return frame_error::wrong_checksum;

        detail::byte_reader in{covered.subspan(sizeof(std::uint32_t))};
        if (in.number<std::uint32_t>() != 1) return frame_error::unknown_version;
        const auto count = in.number<std::uint32_t>();
        auto rest = in.take(in.left());
        for (std::uint32_t i = 0; i < count; ++i)
            if (const auto fault = read_part(rest, into)) return fault;
        return rest.empty() ? std::nullopt : std::optional{frame_error::bytes_left_over};
    }

    /// Reads the first message of `rest`, and takes it off there.
    [[nodiscard]] std::optional<frame_error> read_part(std::span<const std::byte>& rest,
                                                       batch<Command>& into) {
        detail::byte_reader in{rest};
        const group_id group{in.number<std::uint64_t>()};
        const member_id from{in.number<std::uint64_t>()};
        const member_id to{in.number<std::uint64_t>()};
        if (in.error()) return in.error();
        const auto after = rest.subspan(detail::address_bytes);
        const auto beginning = inspect_frame(after, limits_.each);
        if (beginning.error) return beginning.error;
        if (!beginning.length || *beginning.length > after.size())
            return frame_error::ends_too_soon;
        if (const auto fault = decode_frame(after.first(*beginning.length), decoded_, limits_.each))
            return fault;
        into.add(group, from, to, decoded_.body, decoded_.beside());
        rest = after.subspan(*beginning.length);
        return std::nullopt;
    }

    batch_frame_limits limits_;
    decoded<Command> decoded_{};
};

}  // namespace raft::wire
