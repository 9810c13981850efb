// SPDX-License-Identifier: BSL-1.0
//
// A message and what travels beside it as one frame of bytes, and back. All numbers are
// little-endian:
//
//     u32 length      of the whole frame, this field and the checksum included
//     u8  version     2
//     u8  kind        which message, from 1 in the order of `raft::message`
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
// handshake. Version 1 has no bit 1, and no message after forward_proposal_refusal.
#pragma once

#include <raft/codec/frame.hpp>
#include <raft/crc32c.hpp>
#include <raft/policy.hpp>

namespace raft {

namespace detail {

inline constexpr std::size_t frame_header_bytes = 8;
inline constexpr std::uint8_t configuration_flag = 1;
inline constexpr std::uint8_t withheld_flag = 2;
inline constexpr std::size_t kinds_of_version_1 = 19;
inline constexpr std::uint32_t has_command_flag = 1U << 31U;
inline constexpr std::uint64_t number_limit = std::uint64_t{1} << 63U;

template <class T, class Message>
concept message_like = std::same_as<std::remove_const_t<T>, Message>;

// The fields of a message in the order in which they are written. The same list reads, writes and
// measures.
constexpr void each_field(auto& archive, message_like<request_pre_vote> auto& m) {
    archive(m.term, m.last_log);
}
constexpr void each_field(auto& archive, message_like<pre_vote_reply> auto& m) {
    archive(m.term, m.granted);
}
constexpr void each_field(auto& archive, message_like<request_vote> auto& m) {
    archive(m.term, m.last_log, m.leadership_transfer);
}
constexpr void each_field(auto& archive, message_like<request_vote_reply> auto& m) {
    archive(m.term, m.granted);
}
constexpr void each_field(auto& archive, message_like<append_entries> auto& m) {
    archive(m.term, m.prev, m.last_index, m.entries_term, m.commit_index, m.round);
}
constexpr void each_field(auto& archive, message_like<append_entries_reply> auto& m) {
    archive(m.term, m.match_index, m.round, m.full);
}
constexpr void each_field(auto& archive, message_like<append_entries_rejection> auto& m) {
    archive(m.term, m.prev_index, m.hint, m.round, m.lost);
}
constexpr void each_field(auto& archive, message_like<install_snapshot> auto& m) {
    archive(m.term, m.last_included, m.size, m.offset, m.length, m.checksum, m.round);
}
constexpr void each_field(auto& archive, message_like<install_snapshot_reply> auto& m) {
    archive(m.term, m.last_included_index, m.offset, m.round);
}
constexpr void each_field(auto& archive, message_like<request_read_index> auto& m) {
    archive(m.term, m.request);
}
constexpr void each_field(auto& archive, message_like<read_index_reply> auto& m) {
    archive(m.term, m.request, m.round, m.index);
}
constexpr void each_field(auto& archive, message_like<round_confirmed> auto& m) {
    archive(m.term, m.round);
}
constexpr void each_field(auto& archive, message_like<fall_asleep> auto& m) {
    archive(m.term, m.last_log);
}
constexpr void each_field(auto& archive, message_like<wake_up> auto& m) { archive(m.term); }
constexpr void each_field(auto& archive, message_like<removal_notice> auto& m) {
    archive(m.term, m.configuration);
}
constexpr void each_field(auto& archive, message_like<request_snapshot> auto& m) {
    archive(m.term, m.after);
}
constexpr void each_field(auto& archive, message_like<forward_proposal> auto& m) {
    archive(m.term, m.request, m.count);
}
constexpr void each_field(auto& archive, message_like<forward_proposal_reply> auto& m) {
    archive(m.term, m.request, m.first);
}
constexpr void each_field(auto& archive, message_like<forward_proposal_refusal> auto& m) {
    archive(m.term, m.request, m.reason);
}
constexpr void each_field(auto& archive, message_like<timeout_now> auto& m) {
    archive(m.term, m.last_index);
}

/// Counts the bytes of a message's numbers.
struct message_meter {
    std::size_t bytes = 0;

    constexpr void operator()(const auto&... fields) { (add(fields), ...); }
    constexpr void add(bool /*field*/) { bytes += 1; }
    constexpr void add(std::uint32_t /*field*/) { bytes += 4; }
    constexpr void add(refusal_reason /*field*/) { bytes += 1; }
    constexpr void add(log_position /*field*/) { bytes += 16; }
    constexpr void add(request_id /*field*/) { bytes += 16; }
    constexpr void add(const auto& /*field*/) { bytes += 8; }
};

struct message_writer {
    byte_writer& out;

    void operator()(const auto&... fields) { (write(fields), ...); }
    void write(bool field) { out.number(static_cast<std::uint8_t>(field)); }
    void write(std::uint32_t field) { out.number(field); }
    void write(std::uint64_t field) { out.number(field); }
    void write(refusal_reason field) { out.number(static_cast<std::uint8_t>(field)); }
    void write(log_position field) {
        write(field.index);
        write(field.term);
    }
    void write(request_id field) {
        write(field.run);
        write(field.number);
    }
    void write(const auto& field) { write(field.value); }
};

struct message_reader {
    byte_reader& in;

    void operator()(auto&... fields) { (read(fields), ...); }
    void read(bool& field) {
        const auto byte = in.number<std::uint8_t>();
        if (byte > 1) in.fail(frame_error::not_a_boolean);
        field = byte == 1;
    }
    void read(std::uint32_t& field) { field = in.number<std::uint32_t>(); }
    // Half of the range is refused, so that whoever adds to an index or a term cannot come around
    // to small ones again.
    void read(std::uint64_t& field) {
        field = in.number<std::uint64_t>();
        if (field >= number_limit) in.fail(frame_error::number_out_of_range);
    }
    void read(refusal_reason& field) {
        const auto byte = in.number<std::uint8_t>();
        if (byte > static_cast<std::uint8_t>(last_refusal_reason))
            in.fail(frame_error::unknown_reason);
        field = static_cast<refusal_reason>(byte);
    }
    void read(log_position& field) {
        read(field.index);
        read(field.term);
    }
    void read(request_id& field) {
        read(field.run);
        read(field.number);
    }
    void read(auto& field) { read(field.value); }
};

template <class Message>
[[nodiscard]] constexpr std::size_t message_bytes() {
    message_meter meter;
    const Message any{};
    each_field(meter, any);
    return meter.bytes;
}

[[nodiscard]] inline std::size_t configuration_bytes(const indexed_configuration* c) {
    return c == nullptr ? 0 : 8 + 1 + 8 * c->value.members.size() + 4 * member_set_count;
}

inline void write_configuration(byte_writer& out, const indexed_configuration& c) {
    out.number(c.index.value);
    out.number(static_cast<std::uint8_t>(c.value.members.size()));
    for (const auto member : c.value.members) out.number(member.value);
    for (const auto* set : member_sets(c.value))
        out.number(c.value.members.without_gaps(*set).bits());
}

inline void read_configuration(byte_reader& in, indexed_configuration& into) {
    message_reader{in}(into.index);
    const std::size_t count = in.number<std::uint8_t>();
    if (count > members_max) in.fail(frame_error::bad_configuration);
    const auto identities = in.take(8 * count);
    into.value.members = {};
    for (std::size_t i = 0; i < identities.size(); i += 8)
        into.value.members.add({load_little_endian<std::uint64_t>(&identities[i])});
    for (auto* set : member_sets(into.value))
        *set = member_set::from_bits(in.number<std::uint32_t>());
}

// Whether a message and what is beside it belong together. Asked of what is to be sent as of what
// was received, so that nothing leaves that would not be taken.

[[nodiscard]] constexpr std::optional<frame_error> find_fault(const append_entries& m,
                                                              const frame_limits& limits) {
    if (m.last_index < m.prev.index) return frame_error::range_backwards;
    if (m.last_index - m.prev.index > limits.entries_max) return frame_error::too_many_entries;
    if (m.last_index == m.prev.index) return std::nullopt;
    if (m.prev.term > m.entries_term || m.entries_term > m.term)
        return frame_error::terms_backwards;
    return std::nullopt;
}

[[nodiscard]] constexpr std::optional<frame_error> find_fault(const install_snapshot& m,
                                                              const frame_limits& /*limits*/) {
    if (m.last_included.term > m.term) return frame_error::terms_backwards;
    if (m.offset > m.size || m.length > m.size - m.offset) return frame_error::chunk_out_of_range;
    return std::nullopt;
}

[[nodiscard]] constexpr std::optional<frame_error> find_fault(const forward_proposal& m,
                                                              const frame_limits& limits) {
    if (m.count > limits.entries_max) return frame_error::too_many_entries;
    return std::nullopt;
}

[[nodiscard]] constexpr std::optional<frame_error> find_fault(const auto& /*message*/,
                                                              const frame_limits& /*limits*/) {
    return std::nullopt;
}

template <class Command>
[[nodiscard]] std::optional<frame_error> find_fault(const append_entries& m,
                                                    const attachment<Command>& beside) {
    if (!beside.chunk.empty()) return frame_error::attachment_misplaced;
    if (beside.entries.size() != m.last_index - m.prev.index) return frame_error::wrong_entries;
    const bool withheld = beside.commands == command_access::withheld;
    for (const auto& one : beside.entries)
        if (one.term != m.entries_term || (withheld && one.command))
            return frame_error::wrong_entries;
    if (beside.configuration == nullptr) return std::nullopt;
    const auto index = beside.configuration->index;
    if (index <= m.prev.index || index > m.last_index) return frame_error::configuration_misplaced;
    if (beside.entries[index - next(m.prev.index)].command)
        return frame_error::configuration_misplaced;
    return std::nullopt;
}

template <class Command>
[[nodiscard]] std::optional<frame_error> find_fault(const install_snapshot& m,
                                                    const attachment<Command>& beside) {
    if (!beside.entries.empty()) return frame_error::attachment_misplaced;
    const bool withheld = beside.commands == command_access::withheld;
    if (beside.chunk.size() != m.length || (withheld && m.size > 0))
        return frame_error::wrong_chunk;
    if (beside.configuration != nullptr && beside.configuration->index > m.last_included.index)
        return frame_error::configuration_misplaced;
    return std::nullopt;
}

template <class Command>
[[nodiscard]] std::optional<frame_error> find_fault(const forward_proposal& m,
                                                    const attachment<Command>& beside) {
    if (!beside.chunk.empty() || beside.configuration != nullptr ||
        beside.commands == command_access::withheld)
        return frame_error::attachment_misplaced;
    if (beside.entries.size() != m.count) return frame_error::wrong_entries;
    for (const auto& one : beside.entries)
        if (one.term != m.term || !one.command) return frame_error::wrong_entries;
    return std::nullopt;
}

template <class Command>
[[nodiscard]] std::optional<frame_error> find_fault(const auto& /*message*/,
                                                    const attachment<Command>& beside) {
    if (beside.entries.empty() && beside.configuration == nullptr && beside.chunk.empty() &&
        beside.commands != command_access::withheld)
        return std::nullopt;
    return frame_error::attachment_misplaced;
}

template <class Command>
[[nodiscard]] std::optional<frame_error>
find_fault(const message& body, const attachment<Command>& beside, const frame_limits& limits) {
    const auto fault = std::visit(
        [&](const auto& m) {
            const auto alone = find_fault(m, limits);
            return alone ? alone : find_fault(m, beside);
        },
        body);
    if (fault) return fault;
    if (beside.configuration != nullptr && !is_valid(beside.configuration->value))
        return frame_error::bad_configuration;
    return std::nullopt;
}

/// The bytes of the frame; none if it would be larger than the limit, or than the sizes in a frame
/// can say.
template <class Command>
[[nodiscard]] std::optional<std::size_t>
frame_bytes(const message& body, const attachment<Command>& beside, const frame_limits& limits) {
    const std::size_t most =
        limits.frame_bytes_max < has_command_flag ? limits.frame_bytes_max : has_command_flag - 1;
    const auto numbers =
        std::visit([]<class Message>(const Message&) { return message_bytes<Message>(); }, body);
    std::size_t bytes = frame_header_bytes + numbers + configuration_bytes(beside.configuration) +
                        beside.chunk.size() + checksum_bytes;
    for (const auto& one : beside.entries) {
        bytes += sizeof(std::uint32_t);
        if (one.command) bytes += codec<Command>::size(*one.command);
        if (bytes > most) return std::nullopt;
    }
    if (bytes > most) return std::nullopt;
    return bytes;
}

template <class Command>
void write_entries(byte_writer& out, std::span<const entry<Command>> entries) {
    for (const auto& one : entries) {
        if (!one.command) {
            out.number(std::uint32_t{0});
            continue;
        }
        const std::size_t size = codec<Command>::size(*one.command);
        out.number(static_cast<std::uint32_t>(size) | has_command_flag);
        codec<Command>::encode(*one.command, out.take(size));
    }
}

// Grows `into` only as far as entries are really there: the message's numbers are not believed.
template <class Command>
void read_entries(byte_reader& in, std::uint64_t count, term_number term,
                  std::vector<entry<Command>>& into) {
    if (count > in.left() / sizeof(std::uint32_t)) in.fail(frame_error::ends_too_soon);
    for (std::uint64_t i = 0; i < count && !in.error(); ++i) {
        const auto word = in.number<std::uint32_t>();
        const bool has_command = (word & has_command_flag) != 0;
        const auto bytes = in.take(word & ~has_command_flag);
        if (in.error()) return;
        if (!has_command && !bytes.empty()) in.fail(frame_error::bad_command);
        auto& one = into.emplace_back(entry<Command>{.term = term});
        if (!has_command) continue;
        one.command = codec<Command>::decode(bytes);
        if (!one.command) in.fail(frame_error::bad_command);
    }
}

}  // namespace detail

/// A message that was read, with what came beside it. Keep one and reuse it: its memory is
/// recycled. One thread at a time.
template <class Command>
struct decoded {
    message body{};
    std::vector<entry<Command>> entries{};
    std::optional<indexed_configuration> configuration{};
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

namespace detail {
[[nodiscard]] inline frame_lengths message_lengths(const frame_limits& limits) {
    return {.least = frame_header_bytes + checksum_bytes, .most = limits.frame_bytes_max};
}

[[nodiscard]] constexpr std::uint8_t flags_of(std::uint8_t version, const auto& beside) {
    const bool withheld = version > 1 && beside.commands == command_access::withheld;
    return static_cast<std::uint8_t>((beside.configuration != nullptr ? configuration_flag : 0) |
                                     (withheld ? withheld_flag : 0));
}
}  // namespace detail

/// Appends a message as a frame to `out`, in a version that the receiver reads. Allocates only if
/// `out` must grow. An error: the parts do not belong together, are beyond the limits, or the
/// version has no such message. `out` is as it was then.
template <encodable Command>
[[nodiscard]] std::optional<frame_error>
append_frame(std::vector<std::byte>& out, const message& body, const attachment<Command>& beside,
             const frame_limits& limits = {}, std::uint8_t version = frame_version_newest) {
    if (version == 1 && body.index() >= detail::kinds_of_version_1)
        return frame_error::unknown_kind;
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

namespace detail {

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

[[nodiscard]] constexpr std::uint8_t known_flags(std::uint8_t version) {
    return version == 1 ? configuration_flag : configuration_flag | withheld_flag;
}

[[nodiscard]] constexpr command_access access_in(std::uint8_t version, std::uint8_t flags) {
    if (version == 1) return command_access::unsaid;
    return (flags & withheld_flag) != 0 ? command_access::withheld : command_access::given;
}

}  // namespace detail

/// Reads one whole frame, from its length to its checksum. Nothing in the bytes is believed before
/// it is checked; memory is taken only for what is really there (an entry in memory may be larger
/// than in the frame, where it takes 4 bytes at least). After an error `into` says nothing.
template <encodable Command>
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
    if (version == 1 && kind > detail::kinds_of_version_1) return frame_error::unknown_kind;

    into.commands = detail::access_in(version, flags);
    detail::read_parts(in, kind, (flags & detail::configuration_flag) != 0, limits, into);
    if (in.error()) return in.error();
    return detail::find_fault(into.body, into.beside(), limits);
}

}  // namespace raft
