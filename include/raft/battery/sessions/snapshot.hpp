// SPDX-License-Identifier: BSL-1.0
//
// The sessions within a snapshot: a mark, the limits, the log's time, each session, and a checksum
// of all that. Reading believes nothing: no count is trusted beyond the limits, no length beyond
// the bytes that there are, and what the rules could not have made is refused.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <raft/battery/sessions/table.hpp>
#include <raft/crc32c.hpp>

namespace raft::detail {

/// "raftses" and the version of the format, 1.
inline constexpr std::uint64_t sessions_mark = 0x01'73'65'73'74'66'61'72U;

template <class Result, class Sink>
class session_writer {
public:
    explicit session_writer(Sink& sink) : sink_{sink} {}

    void write(const session_table<Result>& table) {
        const auto& limits = table.limits();
        numbers(sessions_mark, limits.sessions_max, limits.results_max,
                static_cast<std::uint64_t>(limits.lifetime.nanoseconds), table.now().nanoseconds,
                table.size());
        table.for_each([this](session::id id, const auto& session) {
            numbers(id.value, session.used_index.value, session.used_at.nanoseconds,
                    session.acknowledged_through.value, session.kept.size());
            for (const auto& [serial, result] : session.kept) one_result(serial, result);
        });
        numbers(checksum_);
    }

private:
    template <class... Number>
    void numbers(Number... value) {
        const std::uint64_t all[] = {value...};
        buffer_.resize(sizeof(all));
        number_list<sizeof...(value)>::encode(all, buffer_);
        flush();
    }

    void one_result(session::serial_number serial, const Result& result) {
        const std::size_t length = codec<Result>::size(result);
        numbers(serial.value, length);
        buffer_.resize(length);
        codec<Result>::encode(result, buffer_);
        flush();
    }

    void flush() {
        checksum_ = wire::crc32c(buffer_, checksum_);
        sink_.write(std::span<const std::byte>{buffer_});
    }

    Sink& sink_;
    std::vector<std::byte> buffer_{};
    std::uint32_t checksum_ = 0;
};

template <class Result, class Source>
class session_reader {
public:
    explicit session_reader(Source& source) : source_{source} {}

    /// What was written by a table of these limits; nothing if these bytes are not that.
    [[nodiscard]] std::optional<session_table<Result>> read(const session::limits& limits) {
        std::uint64_t head[6];
        if (!numbers(head) || head[0] != sessions_mark || head[1] != limits.sessions_max ||
            head[2] != limits.results_max ||
            head[3] != static_cast<std::uint64_t>(limits.lifetime.nanoseconds))
            return std::nullopt;
        session_table<Result> table{limits};
        table.advance_to({head[4]});
        for (auto left = head[5]; left > 0; --left)
            if (!one_session(table)) return std::nullopt;
        const std::uint64_t computed = checksum_;
        std::uint64_t said[1];
        if (!numbers(said) || said[0] != computed) return std::nullopt;
        return table;
    }

private:
    [[nodiscard]] bool one_session(session_table<Result>& table) {
        std::uint64_t head[5];
        if (!numbers(head) || head[4] > table.limits().results_max) return false;
        session_record<Result> session{
            .used_index = {head[1]}, .used_at = {head[2]}, .acknowledged_through = {head[3]}};
        auto before = session.acknowledged_through;
        for (auto left = head[4]; left > 0; --left)
            if (!one_result(session, before)) return false;
        return table.restore({head[0]}, std::move(session));
    }

    [[nodiscard]] bool one_result(session_record<Result>& session, session::serial_number& before) {
        std::uint64_t head[2];
        if (!numbers(head) || session::serial_number{head[0]} <= before || !take(head[1]))
            return false;
        auto result = decode_saved<Result>(buffer_);
        if (!result) return false;
        before = {head[0]};
        session.kept.emplace(before, std::move(*result));
        return true;
    }

    template <std::size_t Count>
    [[nodiscard]] bool numbers(std::uint64_t (&values)[Count]) {
        return take(sizeof(values)) && number_list<Count>::decode(buffer_, values);
    }

    /// The next `length` bytes. A length that is a lie costs no more memory than there are bytes,
    /// and a piece.
    [[nodiscard]] bool take(std::uint64_t length) {
        constexpr std::uint64_t piece_max = std::uint64_t{64} * 1024;
        buffer_.clear();
        while (length > 0) {
            const auto piece = std::min(length, piece_max);
            const auto have = buffer_.size();
            buffer_.resize(have + static_cast<std::size_t>(piece));
            if (!source_.read(std::span{buffer_}.subspan(have))) return false;
            length -= piece;
        }
        checksum_ = wire::crc32c(buffer_, checksum_);
        return true;
    }

    Source& source_;
    std::vector<std::byte> buffer_{};
    std::uint32_t checksum_ = 0;
};

}  // namespace raft::detail
