// SPDX-License-Identifier: BSL-1.0
//
// The parts of a frame (codec/message.hpp), each written and read by itself: numbers, entries, a
// configuration, flags; and what is wrong with parts that make no frame.
#pragma once

#include <raft/codec/fields.hpp>
#include <raft/codec/frame.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

inline constexpr std::size_t frame_header_bytes = 8;
inline constexpr std::uint8_t configuration_flag = 1;
inline constexpr std::uint8_t withheld_flag = 2;
/// How many kinds of messages a version has.
[[nodiscard]] constexpr std::size_t kinds_of(std::uint8_t version) {
    return version == 1 ? 19 : version < 4 ? 20 : std::variant_size_v<core::message>;
}
inline constexpr std::uint32_t has_command_flag = 1U << 31U;
inline constexpr std::uint64_t number_limit = std::uint64_t{1} << 63U;

/// The fields of a message in the order of its struct, which is that in which they are written. The
/// same reads, writes and measures.
constexpr void each_field(auto& archive, auto& message) {
    with_fields(message, [&](auto&... fields) { archive(fields...); });
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

[[nodiscard]] inline frame_lengths message_lengths(const frame_limits& limits) {
    return {.least = frame_header_bytes + checksum_bytes, .most = limits.frame_bytes_max};
}

[[nodiscard]] constexpr std::uint8_t flags_of(std::uint8_t version, const auto& beside) {
    const bool withheld = version > 1 && beside.commands == command_access::withheld;
    return static_cast<std::uint8_t>((beside.configuration != nullptr ? configuration_flag : 0) |
                                     (withheld ? withheld_flag : 0));
}

[[nodiscard]] constexpr std::uint8_t known_flags(std::uint8_t version) {
    return version == 1 ? configuration_flag : configuration_flag | withheld_flag;
}

[[nodiscard]] constexpr command_access access_in(std::uint8_t version, std::uint8_t flags) {
    if (version == 1) return command_access::unsaid;
    return (flags & withheld_flag) != 0 ? command_access::withheld : command_access::given;
}

}  // namespace raft::detail
