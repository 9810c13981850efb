// SPDX-License-Identifier: BSL-1.0
//
// What clients of a store did and saw, as `linearizability.hpp` judges it, and the text form of it:
// one JSON object a line, which other checkers read, too.
//
//   {"client":3,"op":"put","key":"x","value":"7","call":10,"return":25,"status":"ok"}
//   {"client":4,"op":"get","key":"x","result":"7","call":12,"return":20,"status":"ok"}
//   {"client":5,"op":"txn","ops":[{"op":"get","key":"x","absent":true},
//    {"op":"put","key":"y","value":"1"}],"call":30,"status":"unknown"}            (on one line)
//
// | op     | value    | result                         | besides                              |
// |--------|----------|--------------------------------|--------------------------------------|
// | get    |          | what it read, or "absent":true |                                      |
// | put    | new      |                                |                                      |
// | cas    | new      | "true" or "false"              | expect: old; without it, no value    |
// | append | new part | the whole new value, optional  | appends to "" if there is no value   |
// | incr   | by, or 1 | the new number, optional       | counts from 0 if there is no value   |
// | del    |          | "true" or "false", optional    | whether there was a value            |
// | txn    |          |                                | ops: each as above, all at one time  |
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <raft/testing/linearizability/json.hpp>

namespace raft::testing {

enum class history_op : std::uint8_t { get, put, cas, append, increment, remove };

/// As the text form has it.
[[nodiscard]] constexpr std::string_view describe(history_op o) {
    switch (o) {
    case history_op::get: return "get";
    case history_op::put: return "put";
    case history_op::cas: return "cas";
    case history_op::append: return "append";
    case history_op::increment: return "incr";
    case history_op::remove: return "del";
    }
    return "?";
}

/// What a client knows of an operation: it was carried out; it was not and never will be; or it may
/// have been, or may yet be, at any time after it was called.
enum class history_status : std::uint8_t { ok, fail, unknown };

/// As the text form has it.
[[nodiscard]] constexpr std::string_view describe(history_status s) {
    switch (s) {
    case history_status::ok: return "ok";
    case history_status::fail: return "fail";
    case history_status::unknown: return "unknown";
    }
    return "?";
}

/// One command on one key.
struct history_command {
    history_op op = history_op::get;
    std::string key{};
    std::string value{};                  ///< Of put, cas and append; of an increment its number.
    std::optional<std::string> expect{};  ///< Of cas; none: that there is no value.
    std::optional<std::string> result{};  ///< The answer, if it is known.
    bool absent = false;                  ///< Of get: the answer was that there is no value.
    friend bool operator==(const history_command&, const history_command&) = default;
};

/// One or more commands that take effect at one time, between call and return, both included.
struct history_operation {
    std::uint64_t client = 0;
    std::vector<history_command> commands{};
    std::int64_t call = 0;    ///< By a clock that all clients share; nanoseconds, say.
    std::int64_t finish = 0;  ///< When it returned; of no meaning if `status` is `unknown`.
    history_status status = history_status::ok;
    std::size_t line = 0;  ///< Where it is in a file; 0: in none.
    friend bool operator==(const history_operation&, const history_operation&) = default;
};

/// What is wrong with a file, and on which line of it, from 1.
struct history_error {
    std::size_t line = 0;
    std::string why{};
};

namespace detail::histories {

[[nodiscard]] inline std::optional<history_op> op_named(std::string_view name) {
    for (const auto each : {history_op::get, history_op::put, history_op::cas, history_op::append,
                            history_op::increment, history_op::remove})
        if (describe(each) == name) return each;
    return std::nullopt;
}

/// What a line says, member by member, before it is known whether that makes an operation.
struct members {
    std::optional<std::string> op{}, key{}, value{}, expect{}, result{}, status{};
    std::optional<std::int64_t> client{}, call{}, finish{};
    bool absent = false;
    std::vector<members> ops{};
    bool has_ops = false;
};

inline void read_members(json_text& text, members& into, bool within);

inline void read_ops(json_text& text, members& into) {
    into.has_ops = true;
    text.expect('[');
    if (text.take(']')) return;
    do read_members(text, into.ops.emplace_back(), true);
    while (text.take(','));
    text.expect(']');
}

inline std::optional<std::string>* text_member(members& all, std::string_view name) {
    if (name == "op") return &all.op;
    if (name == "key") return &all.key;
    if (name == "value") return &all.value;
    if (name == "expect") return &all.expect;
    if (name == "result") return &all.result;
    if (name == "status") return &all.status;
    return nullptr;
}

inline std::optional<std::int64_t>* number_member(members& all, std::string_view name) {
    if (name == "client") return &all.client;
    if (name == "call") return &all.call;
    if (name == "return") return &all.finish;
    return nullptr;
}

inline void read_members(json_text& text, members& into, bool within) {
    text.expect('{');
    if (text.take('}')) return;
    do {
        const auto name = text.string();
        text.expect(':');
        if (auto* const words = text_member(into, name)) {
            if (*words) throw json_error{"\"" + name + "\" is there twice"};
            *words = text.string();
        } else if (auto* const number = number_member(into, name)) {
            if (*number) throw json_error{"\"" + name + "\" is there twice"};
            *number = text.number();
        } else if (name == "absent") {
            into.absent = text.truth();
        } else if (name == "ops" && !within && !into.has_ops) {
            read_ops(text, into);
        } else {
            throw json_error{"unknown or repeated member \"" + name + "\""};
        }
    } while (text.take(','));
    text.expect('}');
}

inline void check_answer(const history_command& one, bool is_answered) {
    const bool is_answer_of_truth = !one.result || *one.result == "true" || *one.result == "false";
    if (one.op == history_op::get && is_answered && one.absent == one.result.has_value())
        throw json_error{"a get needs a \"result\", or \"absent\":true"};
    if (one.op == history_op::cas && is_answered && !one.result)
        throw json_error{"a cas needs a \"result\""};
    if ((one.op == history_op::cas || one.op == history_op::remove) && !is_answer_of_truth)
        throw json_error{"the \"result\" is neither \"true\" nor \"false\""};
    if (one.op == history_op::increment && !whole_number(one.value))
        throw json_error{"incr by \"" + one.value + "\", which is no number"};
}

[[nodiscard]] inline history_command command_of(members& given, bool is_answered) {
    if (!given.op) throw json_error{"no \"op\""};
    const auto op = op_named(*given.op);
    if (!op) throw json_error{"unknown op \"" + *given.op + "\""};
    if (!given.key) throw json_error{"no \"key\""};
    if (given.has_ops) throw json_error{"\"ops\" are of a txn only"};
    const bool takes_value =
        *op == history_op::put || *op == history_op::cas || *op == history_op::append;
    if (takes_value && !given.value) throw json_error{"no \"value\""};
    if (*op == history_op::increment && !given.value) given.value = "1";
    history_command one{*op,
                        std::move(*given.key),
                        std::move(given.value).value_or(""),
                        std::move(given.expect),
                        std::move(given.result),
                        given.absent};
    check_answer(one, is_answered);
    return one;
}

[[nodiscard]] inline history_status status_of(const members& given) {
    for (const auto each : {history_status::ok, history_status::fail, history_status::unknown})
        if (given.status && *given.status == describe(each)) return each;
    throw json_error{given.status ? "unknown status \"" + *given.status + "\"" : "no \"status\""};
}

[[nodiscard]] inline history_operation operation_of(members& given) {
    history_operation one;
    one.status = status_of(given);
    const bool is_answered = one.status == history_status::ok;
    if (given.client && *given.client < 0) throw json_error{"a client below 0"};
    one.client = static_cast<std::uint64_t>(given.client.value_or(0));
    if (!given.call) throw json_error{"no \"call\""};
    one.call = *given.call;
    if (is_answered && !given.finish) throw json_error{"no \"return\", though it is ok"};
    one.finish = given.finish.value_or(one.call);
    if (one.finish < one.call) throw json_error{"it returns before it is called"};
    if (given.op && *given.op == "txn") {
        if (given.ops.empty()) throw json_error{"a txn without \"ops\""};
        for (auto& each : given.ops) one.commands.push_back(command_of(each, is_answered));
    } else {
        one.commands.push_back(command_of(given, is_answered));
    }
    return one;
}

inline void write_command(std::string& out, const history_command& one) {
    const auto member = [&out](std::string_view name, const std::string& value) {
        out += ",\"" + std::string{name} + "\":";
        append_json(out, value);
    };
    out += "\"op\":\"" + std::string{describe(one.op)} + "\"";
    member("key", one.key);
    if (one.op != history_op::get && one.op != history_op::remove) member("value", one.value);
    if (one.expect) member("expect", *one.expect);
    if (one.result) member("result", *one.result);
    if (one.absent) out += ",\"absent\":true";
}

}  // namespace detail::histories

/// The operation that a line tells of, or what is wrong with the line. Never throws but for memory.
[[nodiscard]] inline std::variant<history_operation, std::string>
read_operation(std::string_view line) {
    try {
        json_text text{line};
        detail::histories::members given;
        detail::histories::read_members(text, given, false);
        text.end();
        return detail::histories::operation_of(given);
    } catch (const json_error& wrong) {
        return std::string{wrong.what()};
    }
}

/// Its line, without the end of the line.
[[nodiscard]] inline std::string write_operation(const history_operation& one) {
    std::string out = "{\"client\":" + std::to_string(one.client) + ",";
    if (one.commands.size() == 1) {
        detail::histories::write_command(out, one.commands.front());
    } else {
        out += "\"op\":\"txn\",\"ops\":[";
        for (const auto& each : one.commands) {
            out += &each == &one.commands.front() ? "{" : ",{";
            detail::histories::write_command(out, each);
            out += "}";
        }
        out += "]";
    }
    out += ",\"call\":" + std::to_string(one.call);
    if (one.status != history_status::unknown) out += ",\"return\":" + std::to_string(one.finish);
    return out + ",\"status\":\"" + std::string{describe(one.status)} + "\"}";
}

/// All of a file, in its order; or the first line that is wrong. Empty lines are passed over.
[[nodiscard]] inline std::variant<std::vector<history_operation>, history_error>
read_history(std::istream& in) {
    std::vector<history_operation> all;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        auto read = read_operation(line);
        if (auto* const why = std::get_if<std::string>(&read))
            return history_error{number, std::move(*why)};
        all.push_back(std::move(std::get<history_operation>(read)));
        all.back().line = number;
    }
    if (in.bad()) return history_error{all.empty() ? 0 : all.back().line, "reading fails here"};
    return all;
}

}  // namespace raft::testing
