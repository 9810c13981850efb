// SPDX-License-Identifier: BSL-1.0
//
// MULTI, EXEC, DISCARD, WATCH and UNWATCH on a connection. MULTI is always taken, at whatever
// server: what follows it is queued, or refused and never carried out, so that no part of a
// transaction that a client sent in one go is ever left behind.
#include <utility>

#include "limits.hpp"
#include "redirect.hpp"
#include "session.hpp"

namespace raft_kv {

namespace {

constexpr std::string_view aborted_text =
    "EXECABORT Transaction discarded because of previous errors.";
/// What a read of any age saw may be older than what some servers remember of the keys.
constexpr std::string_view stale_watch_text =
    "ERR WATCH is for linearizable reads: RAFT READS linearizable before it";
/// Of commands that this server answers by itself: nothing is changed by them but the connection.
constexpr std::string_view own_replies_too_long =
    "ERR the replies of the transaction would be longer than 16777216 bytes";
const write_result unknown_write{.what = write_result::kind::malformed};

std::size_t bytes_expected(std::size_t answers, const std::vector<write_result>& results) {
    constexpr std::size_t bytes_per_answer = 32;
    auto bytes = (answers + 1) * bytes_per_answer;
    for (const auto& each : results) bytes += each.text.size();
    return bytes;
}

}  // namespace

void session::take_step(transaction_step step, const command& which, const word_list& words) {
    auto& open = client_.transaction;
    switch (step) {
    case transaction_step::multi:
        if (open.is_open()) return reply_error("ERR MULTI calls can not be nested");
        open.open();
        break;
    case transaction_step::discard:
        if (!open.is_open()) return reply_error("ERR DISCARD without MULTI");
        open = {};
        break;
    case transaction_step::unwatch:
        if (open.is_open()) return queue(which, words);
        open.unwatch();
        break;
    case transaction_step::watch: return begin_watch(which, words);
    case transaction_step::exec: return execute();
    }
    answer_now([](reply_writer reply) { reply.ok(); });
}

void session::queue(const command& which, const word_list& words) {
    if (const auto wrong = obstacle_to_queuing(which, words)) {
        client_.transaction.spoil();
        return reply_error(*wrong);
    }
    answer_now([](reply_writer reply) { reply.status("QUEUED"); });
}

std::optional<std::string> session::obstacle_to_queuing(const command& which,
                                                        const word_list& words) {
    if (std::holds_alternative<cluster_function>(which.run) ||
        which.flags.find("no_multi") != std::string_view::npos)
        return "ERR Command not allowed inside a transaction";
    const auto is_local = std::holds_alternative<local_function>(which.run) ||
                          std::holds_alternative<transaction_step>(which.run);
    if (!is_local)
        if (const auto refused = server_.not_taking_writes())
            return text_of(*refused, slot_of(which, words));
    if (const auto wrong = client_.transaction.add(which, words)) return std::string{*wrong};
    return std::nullopt;
}

/// A read: it is answered when all is applied that was written before it. If it is refused, so is
/// what a client has sent behind it in the belief that it watches.
void session::begin_watch(const command& which, const word_list& words) {
    if (client_.transaction.is_open()) return reply_error("ERR WATCH inside MULTI is not allowed");
    if (const auto wrong = obstacle_to_watching(which, words)) {
        client_.transaction.lose_watch();
        return reply_error(*wrong);
    }
    begin_read(which, words);
}

std::optional<std::string> session::obstacle_to_watching(const command& which,
                                                         const word_list& words) {
    const auto refused = server_.not_leading();
    if (refused && !client_.reads_here) return text_of(*refused, slot_of(which, words));
    if (client_.reads != raft::core::read_requested{} || client_.reads_any_age)
        return std::string{stale_watch_text};
    if (const auto wrong = client_.transaction.reserve(words)) return std::string{*wrong};
    return std::nullopt;
}

void session::execute() {
    if (!client_.transaction.is_open()) return reply_error("ERR EXEC without MULTI");
    const auto asked = std::exchange(client_.transaction, {});
    if (asked.is_spoiled()) return reply_error(aborted_text);
    if (asked.has_lost_watch()) return answer_now([](reply_writer reply) { reply.no_array(); });
    if (!asked.is_about_data()) {
        std::string nothing;
        const auto answers = asked.write(batch_writer{nothing}, client_.spoken);
        std::string replies;
        reply_transaction(replies, client_.spoken, answers, {});
        return answer_now([&](reply_writer reply) { reply.written(replies); });
    }
    if (const auto refused = server_.not_taking_writes())
        return reply_error(text_of(*refused, asked.slot()));
    auto* batch = server_.batch();
    if (batch == nullptr) return reply_error(overloaded_text);
    const auto before = batch->size();
    auto answers = asked.write(batch_writer{*batch, server_.times()}, client_.spoken);
    add_write(asked.slot(), batch->size() - before).transaction =
        std::make_unique<transaction_answers>(std::move(answers));
}

void session::reply_transaction(std::string& out, protocol spoken,
                                const transaction_answers& answers,
                                const std::vector<write_result>& results) {
    reply_writer reply{out, spoken};
    reply.expect(bytes_expected(answers.size(), results));
    reply.array(answers.size());
    std::size_t own_bytes = 0;
    auto next = results.begin();
    for (const auto& each : answers) {
        if (const auto* wrong = std::get_if<std::string>(&each)) {
            reply.error(*wrong);
        } else if (const auto* local = std::get_if<queued_command>(&each)) {
            const auto before = out.size();
            own_bytes > limits::transaction_reply_bytes_max ? reply.error(own_replies_too_long)
                                                            : answer_queued(*local, reply);
            own_bytes += out.size() - before;
        } else {
            next != results.end() ? write_reply(reply, *next++) : write_reply(reply, unknown_write);
        }
    }
    ends_ = ends_ || client_.quits;
}

void session::answer_queued(const queued_command& local, reply_writer reply) {
    const auto words = local.views();
    local_call call{words, client_, server_, reply};
    const auto* run = std::get_if<local_function>(&local.which->run);
    run != nullptr ? (*run)(call) : reply.ok();  // UNWATCH has nothing to do by then.
}

}  // namespace raft_kv
