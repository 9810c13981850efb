// SPDX-License-Identifier: BSL-1.0
//
// Writes replies of the Redis protocol to the end of a buffer, in the version that the client asked
// for. Of version 3 only what clients can take: a big number or an attribute ends redis-cli.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "operations.hpp"

namespace raft_kv {

/// What a connection speaks: RESP2, until it asks for RESP3 by HELLO 3.
enum class protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

class reply_writer {
public:
    explicit reply_writer(std::string& out, protocol spoken = protocol::resp2)
        : out_{out}, spoken_{spoken} {}

    /// So many bytes follow, or nearly: they are moved to no other place as they come.
    void expect(std::size_t bytes) { out_.reserve(out_.size() + bytes); }

    /// Of the same buffer, in that version.
    [[nodiscard]] reply_writer in(protocol spoken) const { return reply_writer{out_, spoken}; }

    void ok() { out_.append("+OK\r\n"); }
    void nothing() { out_.append(is_3() ? "_\r\n" : "$-1\r\n"); }
    void no_array() { out_.append(is_3() ? "_\r\n" : "*-1\r\n"); }
    void status(std::string_view text) { line('+', text); }
    void array(std::size_t elements) { number(elements, '*'); }
    /// So many keys follow, each with its value.
    void map(std::size_t pairs) { is_3() ? number(pairs, '%') : array(2 * pairs); }
    void set(std::size_t elements) { number(elements, is_3() ? '~' : '*'); }
    void integer(std::int64_t value) { number(value, ':'); }

    void bulk(std::string_view text) {
        number(text.size(), '$');
        out_.append(text);
        out_.append("\r\n");
    }

    /// A reply that was written before.
    void written(std::string_view reply) { out_.append(reply); }

    /// `text` begins with the kind of error in capitals: "ERR no such thing".
    void error(std::string_view text) { line('-', text); }

private:
    [[nodiscard]] bool is_3() const { return spoken_ == protocol::resp3; }

    template <class Integer>
    void number(Integer value, char mark) {
        char digits[24];
        const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
        out_.push_back(mark);
        out_.append(digits, static_cast<std::size_t>(end - digits));
        out_.append("\r\n");
    }

    /// What a client sent may stand in `text`; a line break there would be a reply of its own.
    void line(char mark, std::string_view text) {
        out_.push_back(mark);
        for (const auto byte : text) out_.push_back(byte == '\r' || byte == '\n' ? ' ' : byte);
        out_.append("\r\n");
    }

    std::string& out_;
    protocol spoken_;
};

/// The reply to a write, once it is applied.
inline void write_reply(reply_writer reply, const write_result& result) {
    switch (result.what) {
    case write_result::kind::done: reply.ok(); break;
    case write_result::kind::number: reply.integer(result.number); break;
    case write_result::kind::value: reply.bulk(result.text); break;
    case write_result::kind::nothing: reply.nothing(); break;
    case write_result::kind::not_an_integer:
        reply.error("ERR value is not an integer or out of range");
        break;
    case write_result::kind::not_a_decimal: reply.error("ERR value is not a valid float"); break;
    case write_result::kind::out_of_range:
        reply.error("ERR increment would produce NaN or Infinity");
        break;
    case write_result::kind::no_such_key: reply.error("ERR no such key"); break;
    case write_result::kind::overflow:
        reply.error("ERR increment or decrement would overflow");
        break;
    case write_result::kind::too_long:
        reply.error("ERR string exceeds maximum allowed size of 1048576 bytes");
        break;
    case write_result::kind::too_many_servers:
        reply.error("TOOMANY too many addresses are known; RAFT FORGET makes room");
        break;
    case write_result::kind::unknown_session:
        reply.error("NOSESSION no such session, or it has expired");
        break;
    case write_result::kind::answer_gone:
        reply.error(
            "ANSWERGONE newer writes of the session were carried out, and what was answered to "
            "this one is no longer kept");
        break;
    case write_result::kind::reply: reply.written(result.text); break;
    case write_result::kind::changed: reply.no_array(); break;
    case write_result::kind::answers_too_long:
        reply.error(
            "EXECABORT Transaction discarded because its replies would be longer than 16777216 "
            "bytes.");
        break;
    case write_result::kind::transaction:
    case write_result::kind::malformed:
        reply.error("ERR this server's version does not know this write");
        break;
    }
}

}  // namespace raft_kv
