// SPDX-License-Identifier: BSL-1.0
//
// The commands about when keys expire, and those of SET and GETEX, which have such options.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "commands.hpp"
#include "lifetimes.hpp"
#include "limits.hpp"

namespace raft_kv::commands {

namespace {

using problem = complaint;

constexpr time_unit seconds{.in_seconds = true};
constexpr time_unit milliseconds{};
constexpr time_unit unix_seconds{.in_seconds = true, .since_1970 = true};
constexpr time_unit unix_milliseconds{.since_1970 = true};

std::optional<time_unit> unit_in(std::string_view option) {
    if (same_word(option, "ex")) return seconds;
    if (same_word(option, "px")) return milliseconds;
    if (same_word(option, "exat")) return unix_seconds;
    if (same_word(option, "pxat")) return unix_milliseconds;
    return std::nullopt;
}

/// A unit and its number, among the options of a command.
struct lifetime_option {
    std::optional<time_unit> unit{};
    std::string_view number{};

    /// False if that is no such option, or one that does not go with those before.
    [[nodiscard]] bool take(std::span<const std::string_view>& options) {
        const auto found = unit_in(options[0]);
        if (!found || options.size() < 2 || (unit && unit != found)) return false;
        unit = found;
        number = options[1];
        options = options.subspan(1);
        return true;
    }
};

// ------------------------------------------------------------------------------------------- reads

/// -2: there is no such key; -1: it does not expire.
template <class Tell>
void tell_expiry(read_call& call, Tell tell) {
    const auto* held = call.store.keys().find(call.words[1]);
    if (held == nullptr) return call.reply.integer(-2);
    if (held->when.at == 0) return call.reply.integer(-1);
    call.reply.integer(tell(held->when));
}

/// By the log's time as its leader would stamp it now. What is there by what was stamped has a
/// moment left.
std::int64_t left_ms(const read_call& call, const expiry& when) {
    const auto now = begun_ms(std::max(call.now, call.store.now()));
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::min(when.at - std::min(now, when.at), most));
}

std::int64_t rounded_seconds(std::int64_t ms) { return ms / 1000 + (ms % 1000 >= 500 ? 1 : 0); }

// ------------------------------------------------------------------------------------------ writes

problem take_conditions(std::span<const std::string_view> options, expire_condition& condition) {
    for (const auto option : options) {
        if (same_word(option, "nx"))
            condition.only_if_none = true;
        else if (same_word(option, "xx"))
            condition.only_if_any = true;
        else if (same_word(option, "gt"))
            condition.only_later = true;
        else if (same_word(option, "lt"))
            condition.only_earlier = true;
        else
            return "ERR Unsupported option " + std::string{option};
    }
    if (condition.only_if_none &&
        (condition.only_if_any || condition.only_later || condition.only_earlier))
        return "ERR NX and XX, GT or LT options at the same time are not compatible";
    if (condition.only_later && condition.only_earlier)
        return "ERR GT and LT options at the same time are not compatible";
    return std::nullopt;
}

problem add_expire(const word_list& words, batch_writer batch, time_unit unit,
                   std::string_view invalid) {
    expire_condition condition{.by_wall_time = unit.since_1970};
    lifetime lives;
    if (const auto wrong = take_conditions(std::span{words}.subspan(3), condition)) return wrong;
    if (const auto wrong = take_lifetime(words[2], unit, batch.times(), invalid, lives))
        return wrong;
    if (const auto wrong = check_key(words[1])) return wrong;
    batch.expire(words[1], condition, lives);
    return std::nullopt;
}

problem add_set(std::string_view key, std::string_view value, std::string_view number,
                time_unit unit, std::string_view invalid, batch_writer batch) {
    expiry_change change{.lives = lifetime{}};
    if (const auto wrong =
            take_coming_lifetime(number, unit, batch.times(), invalid, *change.lives))
        return wrong;
    if (const auto wrong = check_pair(key, value)) return wrong;
    batch.set_expiring(key, value, {}, change);
    return std::nullopt;
}

struct set_options {
    set_condition condition{};
    lifetime_option lives{};
    bool keeps_expiry = false;
};

problem take_set_options(std::span<const std::string_view> options, set_options& taken) {
    auto& condition = taken.condition;
    for (; !options.empty(); options = options.subspan(1)) {
        if (same_word(options[0], "nx"))
            condition.only_if_absent = true;
        else if (same_word(options[0], "xx"))
            condition.only_if_present = true;
        else if (same_word(options[0], "get"))
            condition.give_old_value = true;
        else if (same_word(options[0], "keepttl"))
            taken.keeps_expiry = true;
        else if (!taken.lives.take(options))
            return syntax_error;
    }
    const auto clash = (condition.only_if_absent && condition.only_if_present) ||
                       (taken.keeps_expiry && taken.lives.unit);
    return clash ? problem{syntax_error} : std::nullopt;
}

}  // namespace

void ttl(read_call& call) {
    tell_expiry(call, [&](const expiry& when) { return rounded_seconds(left_ms(call, when)); });
}

void pttl(read_call& call) {
    tell_expiry(call, [&](const expiry& when) { return left_ms(call, when); });
}

void expiretime(read_call& call) {
    tell_expiry(call, [](const expiry& when) { return rounded_seconds(when.unix_ms); });
}

void pexpiretime(read_call& call) {
    tell_expiry(call, [](const expiry& when) { return when.unix_ms; });
}

problem set(const word_list& words, batch_writer batch) {
    set_options options;
    if (const auto wrong = take_set_options(std::span{words}.subspan(3), options)) return wrong;
    expiry_change change{.keeps = options.keeps_expiry};
    if (const auto unit = options.lives.unit) {
        const auto invalid = "ERR invalid expire time in 'set' command";
        change.lives.emplace();
        if (const auto wrong = take_coming_lifetime(options.lives.number, *unit, batch.times(),
                                                    invalid, *change.lives))
            return wrong;
    }
    if (const auto wrong = check_pair(words[1], words[2])) return wrong;
    if (change.keeps || change.lives)
        batch.set_expiring(words[1], words[2], options.condition, change);
    else
        batch.set(words[1], words[2], options.condition);
    return std::nullopt;
}

problem setex(const word_list& words, batch_writer batch) {
    return add_set(words[1], words[3], words[2], seconds,
                   "ERR invalid expire time in 'setex' command", batch);
}

problem psetex(const word_list& words, batch_writer batch) {
    return add_set(words[1], words[3], words[2], milliseconds,
                   "ERR invalid expire time in 'psetex' command", batch);
}

problem getex(const word_list& words, batch_writer batch) {
    auto options = std::span{words}.subspan(2);
    expiry_change change{.keeps = options.empty()};
    lifetime_option lives;
    bool persists = false;
    for (; !options.empty(); options = options.subspan(1)) {
        if (same_word(options[0], "persist"))
            persists = true;
        else if (!lives.take(options))
            return syntax_error;
    }
    if (persists && lives.unit) return syntax_error;
    if (lives.unit) {
        const auto invalid = "ERR invalid expire time in 'getex' command";
        change.lives.emplace();
        if (const auto wrong = take_coming_lifetime(lives.number, *lives.unit, batch.times(),
                                                    invalid, *change.lives))
            return wrong;
    }
    if (const auto wrong = check_key(words[1])) return wrong;
    batch.get_expiring(words[1], change);
    return std::nullopt;
}

problem expire(const word_list& words, batch_writer batch) {
    return add_expire(words, batch, seconds, "ERR invalid expire time in 'expire' command");
}

problem pexpire(const word_list& words, batch_writer batch) {
    return add_expire(words, batch, milliseconds, "ERR invalid expire time in 'pexpire' command");
}

problem expireat(const word_list& words, batch_writer batch) {
    return add_expire(words, batch, unix_seconds, "ERR invalid expire time in 'expireat' command");
}

problem pexpireat(const word_list& words, batch_writer batch) {
    return add_expire(words, batch, unix_milliseconds,
                      "ERR invalid expire time in 'pexpireat' command");
}

problem persist(const word_list& words, batch_writer batch) {
    if (const auto wrong = check_key(words[1])) return wrong;
    batch.persist(words[1]);
    return std::nullopt;
}

}  // namespace raft_kv::commands
