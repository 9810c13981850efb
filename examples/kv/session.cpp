// SPDX-License-Identifier: BSL-1.0
//
// The life of a request: taken from the parser, begun, answered in its turn.
#include "session.hpp"

#include <utility>

#include "cluster_view.hpp"
#include "hash_slot.hpp"
#include "limits.hpp"
#include "redirect.hpp"

namespace raft_kv {

namespace {

/// A web page can have a browser send what it likes to any port, though only behind these: the
/// first line of a POST, and the first field of every request.
bool is_http(std::string_view name) { return same_word(name, "post") || same_word(name, "host:"); }

constexpr std::string_view no_operator_text =
    "NOPERM this command is for operators, who have a password of their own: AUTH operator "
    "<password>";

bool is_about_data(const command& which) {
    return std::holds_alternative<read_function>(which.run) ||
           std::holds_alternative<write_function>(which.run) ||
           std::holds_alternative<transaction_step>(which.run);
}

/// What ends a transaction in place of being part of it.
bool ends_transaction(const command& which) {
    return which.name == "reset" || which.name == "quit";
}

}  // namespace

void session::pump() {
    do {
        answer_from_head();
    } while (begin_next());
    client_.reply_bytes = reply_bytes();
}

bool session::overflowed() const {
    return output_.size() + sending_.size() + reply_bytes_ > limits::output_bytes_max;
}

std::string_view session::begin_sending() {
    std::swap(output_, sending_);
    return sending_;
}

void session::sent() {
    sending_.clear();
    if (sending_.capacity() > limits::output_bytes_kept) sending_.shrink_to_fit();
    client_.reply_bytes = reply_bytes();
}

void session::give_up() {
    ends_ = true;
    first_sequence_ += line_.size();
    line_.clear();
    client_.transaction = {};
    output_.clear();
    output_.shrink_to_fit();
    write_bytes_ = reply_bytes_ = reads_ = 0;
}

void session::turn_away(std::string_view error) {
    client_.transaction = {};
    parser_.forget();
    holds_request_ = false;
    reply_error(error);
    ends_ = true;
}

// ---------------------------------------------------------------------------------------- requests

bool session::may_begin() const {
    return !ends_ && line_.size() < limits::pending_requests_max &&
           write_bytes_ + read_text_.size() < limits::pending_bytes_max &&
           output_.size() + sending_.size() + reply_bytes_ < limits::output_bytes_soft;
}

/// False if there is no next request now, or it has to wait.
bool session::begin_next() {
    wants_input_ = false;
    if (!may_begin()) return false;
    if (!holds_request_) {
        parser_.trust(client_.rights.may_use);
        switch (parser_.next()) {
        case request_parser::outcome::incomplete:
            wants_input_ = true;
            ends_ = input_ended_;
            return false;
        case request_parser::outcome::error:
            reply_error("ERR Protocol error: " + parser_.error());
            ends_ = true;
            return true;
        case request_parser::outcome::request: break;
        }
    }
    holds_request_ = !begin(parser_.words());
    return !holds_request_;
}

/// False if the request has to wait.
bool session::begin(const word_list& words) {
    if (is_http(words[0])) {
        was_http_ = ends_ = true;
        return true;
    }
    const auto asked = command_in(words);
    if (const auto* wrong = std::get_if<std::string>(&asked)) {
        refuse_words(words[0], *wrong);
        return true;
    }
    const auto& which = *std::get<const command*>(asked);
    client_.last_command = &which;
    server_.took_command();
    if (refuses(which, words)) return true;
    if (only_operators_ && is_about_data(which)) {
        reply_error(full_text);
        ends_ = true;
        return true;
    }
    return begin_command(which, words);
}

/// `wrong`: what is, with the words of a request. An EXEC that is none ends its transaction.
void session::refuse_words(std::string_view name, std::string_view wrong) {
    if (!same_word(name, "exec")) {
        client_.transaction.spoil();
        return reply_error(wrong);
    }
    client_.transaction = {};
    const auto why = wrong.substr(wrong.find(' ') + 1);
    reply_error("EXECABORT Transaction discarded because of: " + std::string{why});
}

/// True if it takes what this client has not shown; the client is told so.
bool session::refuses(const command& which, const word_list& words) {
    const auto& rights = client_.rights;
    std::string_view obstacle;
    if (!rights.may_use && !needs_no_password(which)) {
        obstacle = obstacle_to_use(rights);
        server_.refused(client_, rights.is_foreign ? "protected mode" : "no password");
        ends_ = rights.is_foreign;
    } else if (!rights.may_operate && needs_operator(which, words)) {
        obstacle = no_operator_text;
        server_.refused(client_, "not the operator's password");
    }
    if (obstacle.empty()) return false;
    client_.transaction.spoil();
    reply_error(obstacle);
    return true;
}

/// False if the request has to wait.
bool session::begin_command(const command& which, const word_list& words) {
    const auto* step = std::get_if<transaction_step>(&which.run);
    if (step == nullptr && client_.transaction.is_open() && !ends_transaction(which)) {
        queue(which, words);
        return true;
    }
    if (which.when == begins::after_reads && reads_ > 0) return false;
    if (step != nullptr) {
        take_step(*step, which, words);
    } else if (const auto* local = std::get_if<local_function>(&which.run)) {
        const auto waits = which.when == begins::with_leader && !view_of(server_);
        waits ? await_leader(*local, words) : run_local(*local, words);
    } else if (const auto* check = std::get_if<cluster_function>(&which.run)) {
        begin_request(*check, words);
    } else {
        return begin_about_data(which, words);
    }
    return true;
}

/// False if the request has to wait.
bool session::begin_about_data(const command& which, const word_list& words) {
    const auto reads = std::holds_alternative<read_function>(which.run);
    if (!reads && reads_ > 0) return false;
    const auto here = reads && client_.reads_here;
    const auto refused = reads ? server_.not_leading() : server_.not_taking_writes();
    if (refused && !here) {
        reply_error(text_of(*refused, slot_of(which, words)));
        return true;
    }
    if (!reads) return begin_write(which, words);
    begin_read(which, words);
    return true;
}

bool session::begin_write(const command& which, const word_list& words) {
    auto* batch = server_.batch();
    if (batch == nullptr) {
        reply_error(overloaded_text);
        return true;
    }
    const auto before = batch->size();
    const auto& write = std::get<write_function>(which.run);
    if (const auto wrong = write(words, batch_writer{*batch, server_.times()})) {
        reply_error(*wrong);
        return true;
    }
    add_write(slot_of(which, words), batch->size() - before);
    return true;
}

/// With where this client is sent, if another server leads.
std::string session::text_of(const raft::refusal& refused, unsigned slot) const {
    return refusal_text(refused, slot, server_.layout(), client_.by_tls);
}

session::place& session::add_write(std::uint16_t slot, std::size_t bytes) {
    auto& write = add_place();
    write.what = place::kind::write;
    write.slot = slot;
    write.bytes = bytes;
    write_bytes_ += bytes;
    server_.wrote(*this, first_sequence_ + line_.size() - 1, bytes);
    return write;
}

void session::begin_read(const command& which, const word_list& words) {
    auto& read = add_place();
    read.what = place::kind::read;
    read.slot = slot_of(which, words);
    read.round = client_.reads_any_age ? 0 : server_.join_read(*this, client_.reads);
    read.read = &which;
    read.first_word = read_ends_.size();
    read.word_count = words.size();
    for (const auto word : words) {
        read_text_.append(word);
        read_ends_.push_back(read_text_.size());
    }
    ++reads_;
}

void session::begin_request(cluster_function check, const word_list& words) {
    const auto asked = check(words);
    if (const auto* wrong = std::get_if<std::string>(&asked)) return reply_error(*wrong);
    add_place().what = place::kind::request;
    server_.begin(*this, first_sequence_ + line_.size() - 1, std::get<cluster_request>(asked));
}

void session::run_local(local_function run, const word_list& words) {
    answer_now([&](reply_writer reply) {
        local_call call{words, client_, server_, reply};
        run(call);
    });
    ends_ = ends_ || client_.quits;
}

void session::await_leader(local_function run, const word_list& words) {
    auto& waits = add_place();
    waits.what = place::kind::awaits_leader;
    waits.kept = std::make_unique<kept_request>(
        kept_request{.run = run, .words = {words.begin(), words.end()}});
    server_.await_leader(*this, first_sequence_ + line_.size() - 1);
}

void session::reply_error(std::string_view error) {
    if (line_.empty()) return reply_writer{output_}.error(error);
    answer(add_place(), error);
}

session::place& session::add_place() { return line_.emplace_back(place{.spoken = client_.spoken}); }

// ----------------------------------------------------------------------------------------- answers

void session::answer_from_head() {
    for (; !line_.empty(); line_.pop_front(), ++first_sequence_) {
        auto& head = line_.front();
        if (output_.size() + sending_.size() >= limits::output_bytes_soft) return;
        if (head.what == place::kind::read) {
            if (head.round > confirmed_round_) return;
            carry_out(head);
        } else if (head.what != place::kind::answered || !take_reply(head.reply)) {
            return;
        }
    }
    read_text_.clear();
    read_ends_.clear();
}

/// False if it waits until what is before it is sent: a long reply is sent as it is, not copied.
bool session::take_reply(std::string& reply) {
    const auto is_long = reply.size() > limits::output_bytes_kept;
    if (is_long && !output_.empty()) return false;
    reply_bytes_ -= reply.size();
    is_long ? output_.swap(reply) : static_cast<void>(output_.append(reply));
    return true;
}

void session::carry_out(const place& read) {
    read_words_.clear();
    auto begin = read.first_word == 0 ? 0 : read_ends_[read.first_word - 1];
    for (auto word = read.first_word; word < read.first_word + read.word_count; ++word) {
        read_words_.push_back(std::string_view{read_text_}.substr(begin, read_ends_[word] - begin));
        begin = read_ends_[word];
    }
    reply_writer reply{output_, read.spoken};
    if (const auto* run = std::get_if<read_function>(&read.read->run)) {
        read_call call{server_.store(), read_words_, reply, server_.times().log};
        (*run)(call);
    } else {
        client_.transaction.watch(read_words_, server_.applied());
        reply.ok();
    }
    --reads_;
}

session::place* session::waiting(std::uint64_t sequence, place::kind what) {
    if (sequence < first_sequence_ || sequence - first_sequence_ >= line_.size()) return nullptr;
    auto& found = line_[sequence - first_sequence_];
    return found.what == what ? &found : nullptr;
}

void session::write_done(std::uint64_t sequence, const write_result& result) {
    auto* write = waiting(sequence, place::kind::write);
    if (write == nullptr) return;
    write->what = place::kind::answered;
    write_bytes_ -= write->bytes;
    if (write->transaction && result.what == write_result::kind::transaction)
        reply_transaction(write->reply, write->spoken, *write->transaction, result.parts);
    else
        write_reply(reply_writer{write->reply, write->spoken}, result);
    reply_bytes_ += write->reply.size();
}

void session::write_refused(std::uint64_t sequence, const raft::refusal& refused) {
    if (auto* write = waiting(sequence, place::kind::write))
        answer(*write, text_of(refused, write->slot));
}

void session::write_failed(std::uint64_t sequence, std::string_view error) {
    if (auto* write = waiting(sequence, place::kind::write)) answer(*write, error);
}

void session::request_done(std::uint64_t sequence, std::string_view error) {
    auto* request = waiting(sequence, place::kind::request);
    if (request == nullptr) return;
    if (!error.empty()) return answer(*request, error);
    request->what = place::kind::answered;
    reply_writer{request->reply}.ok();
    reply_bytes_ += request->reply.size();
}

void session::leader_awaited(std::uint64_t sequence) {
    auto* waited = waiting(sequence, place::kind::awaits_leader);
    if (waited == nullptr) return;
    const auto kept = std::move(waited->kept);
    waited->what = place::kind::answered;
    const word_list words{kept->words.begin(), kept->words.end()};
    local_call call{words, client_, server_, reply_writer{waited->reply, waited->spoken}};
    kept->run(call);
    reply_bytes_ += waited->reply.size();
}

void session::reads_ready(std::uint64_t round) {
    if (round > confirmed_round_) confirmed_round_ = round;
}

void session::reads_refused(std::uint64_t round, const raft::refusal& refused) {
    for (auto& each : line_)
        if (each.what == place::kind::read && each.round == round)
            answer(each, text_of(refused, each.slot));
}

void session::answer(place& waiting, std::string_view error) {
    if (waiting.what == place::kind::write) write_bytes_ -= waiting.bytes;
    if (waiting.what == place::kind::read) {
        --reads_;
        if (std::holds_alternative<transaction_step>(waiting.read->run))
            client_.transaction.lose_watch();
    }
    waiting.what = place::kind::answered;
    reply_writer{waiting.reply}.error(error);
    reply_bytes_ += waiting.reply.size();
}

}  // namespace raft_kv
