// SPDX-License-Identifier: BSL-1.0
//
// Writes that are carried out once, however often a client sends them (thesis §6.3): the library's
// sessions around "carry out this write". A client numbers its writes from 1 on; what was answered
// to the last `session_window` of them is kept, so it has no more than that many unanswered.
//
// Writes outside of any session pass by all this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "bytes.hpp"
#include "operations.hpp"

#include <raft/battery/sessions.hpp>
#include <raft/codec/command.hpp>

/// A result that a session keeps: kind, number, text.
template <>
struct raft::codec<raft_kv::write_result> {
    [[nodiscard]] static std::size_t size(const raft_kv::write_result& value) {
        return sizeof(std::uint8_t) + sizeof(std::uint64_t) + sizeof(std::uint32_t) +
               value.text.size();
    }

    static void encode(const raft_kv::write_result& value, std::span<std::byte> out) {
        std::string bytes;
        raft_kv::append_integer(bytes, static_cast<std::uint8_t>(value.what));
        raft_kv::append_integer(bytes, static_cast<std::uint64_t>(value.number));
        raft_kv::append_string(bytes, value.text);
        detail::copy_bytes(out.data(), bytes.data(), bytes.size());
    }

    [[nodiscard]] static std::optional<raft_kv::write_result>
    decode(std::span<const std::byte> bytes) {
        std::string text(bytes.size(), '\0');
        detail::copy_bytes(std::as_writable_bytes(std::span{text}).data(), bytes.data(),
                           bytes.size());
        raft_kv::byte_reader reader{text};
        const auto kind = reader.integer<std::uint8_t>();
        raft_kv::write_result value{.what = raft_kv::write_result::kind{kind}};
        value.number = reader.integer<std::int64_t>();
        value.text = reader.string();
        const auto known = kind < static_cast<std::uint8_t>(raft_kv::write_result::kind::reply);
        if (reader.failed() || !reader.at_end() || !known) return std::nullopt;
        return value;
    }
};

namespace raft_kv {

/// How many of a session's answers are kept.
inline constexpr std::uint64_t session_window = 64;

class client_sessions {
public:
    /// Opens a session; the answer is its number. `place`: of the write in the log, unlike that of
    /// any other.
    [[nodiscard]] write_result open(raft::log_index place, byte_reader& reader) {
        const raft::timing::log_time now{reader.integer<std::uint64_t>()};
        if (reader.failed()) return {.what = write_result::kind::malformed};
        return result_of(sessions_.apply(place, raft::session::open{now}));
    }

    /// Carries out `write(bytes)`, unless that was done before: then the answer is what it was.
    template <class Write>
    [[nodiscard]] write_result once(raft::log_index place, byte_reader& reader, Write write) {
        const raft::session::id session{reader.integer<std::uint64_t>()};
        const raft::session::serial_number serial{reader.integer<std::uint64_t>()};
        const raft::timing::log_time now{reader.integer<std::uint64_t>()};
        const auto bytes = reader.string();
        if (reader.failed()) return {.what = write_result::kind::malformed};
        raft::session::exactly_once<deferred::command> asked{.ticket = {session, serial},
                                                             .now = now};
        if (serial.value > session_window)
            asked.acknowledged_through = {serial.value - session_window};
        asked.command = [&] { return write(bytes); };
        return result_of(sessions_.apply(place, asked));
    }

    /// The log's time: the latest that it has shown.
    [[nodiscard]] raft::timing::log_time now() const { return sessions_.now(); }
    void pass_time(raft::log_index place, raft::timing::log_time now) {
        if (now > sessions_.now())
            static_cast<void>(sessions_.apply(place, raft::timing::pass_time{now}));
    }

    void save(auto& sink) const { sessions_.save(sink); }
    [[nodiscard]] bool restore(auto& source) { return sessions_.restore(source); }

private:
    /// Its commands are calls; its state is that of whoever is called.
    struct deferred {
        using command = std::function<write_result()>;
        using result = write_result;
        [[nodiscard]] result apply(raft::log_index /*index*/, const command& write) {
            return write();
        }
        void save(auto& /*sink*/) const {}
        [[nodiscard]] bool restore(auto& /*source*/) { return true; }
    };
    using sessions_type = raft::sessions<deferred>;

    [[nodiscard]] static write_result result_of(sessions_type::result given) {
        using kind = write_result::kind;
        if (const auto* opened = std::get_if<raft::session::opened>(&given))
            return {.what = kind::number,
                    .number = static_cast<std::int64_t>(opened->session.value)};
        if (auto* answer = std::get_if<raft::session::answer<write_result>>(&given))
            return std::move(answer->result);
        const auto* refused = std::get_if<raft::session::refusal>(&given);
        if (refused != nullptr && *refused == raft::session::refusal::unknown_session)
            return {.what = kind::unknown_session};
        return {.what = kind::answer_gone};
    }

    sessions_type sessions_{deferred{}, {.results_max = session_window}};
};

}  // namespace raft_kv
