// SPDX-License-Identifier: BSL-1.0
//
// One client: its bytes become requests, and its replies bytes, in the order of the requests. No
// I/O is done here.
//
// Many requests are under way at once. Each has a place in the line of replies until all before it
// are answered. Writes go on without waiting for one another, as they are applied in their order. A
// read is carried out when it is at the head of the line and its round is confirmed: so it sees all
// writes that the client sent before it. A write that comes behind a read waits until there is no
// read in the line: so the read sees none that the client sent after it. So does a change of how
// the connection reads: the reads in the line all want the same.
//
// Between MULTI and EXEC requests are queued, not begun; EXEC is one write.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "request.hpp"
#include "service.hpp"

namespace raft_kv {

class session : public std::enable_shared_from_this<session> {
public:
    session(service& server, std::uint64_t id) : server_{server}, client_{.id = id} {
        client_.since = client_.active = std::chrono::steady_clock::now();
        client_.rights = rights_at_first(server.own_keys(), client_.is_local);
    }
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    virtual ~session() = default;

    void receive(std::string_view bytes) { parser_.feed(bytes); }
    /// No more bytes will come. What came is begun and answered.
    void end_of_input() { input_ended_ = true; }
    /// No more requests begin. What has begun is answered.
    void take_no_more() { ends_ = true; }
    /// Takes requests and gives replies as far as it can. To be called when anything has changed.
    void pump();
    /// Counts the memory that its replies take; after each `pump`.
    virtual void settle() = 0;
    /// Sends what there is to send, and reads on if there is a use for it.
    virtual void flush() = 0;

    /// All places for clients are taken: it may ask about the server and the cluster, and is told
    /// so when it asks for data. Until there is a place.
    void limit_to_operators() { only_operators_ = true; }
    void take_as_client() { only_operators_ = false; }

    /// True the first time: the server keeps a list of the sessions that have changed.
    [[nodiscard]] bool mark_changed() { return !std::exchange(changed_, true); }
    void unmark_changed() { changed_ = false; }

    // What the server tells of the writes and reads that this session asked for.
    void write_done(std::uint64_t sequence, const write_result& result);
    void write_refused(std::uint64_t sequence, const raft::refusal& refused);
    void write_failed(std::uint64_t sequence, std::string_view error);
    /// What was asked of the cluster is done; `error` says what went wrong, if anything did.
    void request_done(std::uint64_t sequence, std::string_view error);
    void leader_awaited(std::uint64_t sequence);
    void reads_ready(std::uint64_t round);
    void reads_refused(std::uint64_t round, const raft::refusal& refused);

    [[nodiscard]] bool wants_input() const { return wants_input_ && !ends_ && !input_ended_; }
    /// Nothing more will be sent than what is in the output now.
    [[nodiscard]] bool finished() const { return ends_ && line_.empty(); }
    [[nodiscard]] const client_state& client() const { return client_; }
    /// Something that it asked for is under way.
    [[nodiscard]] bool awaits_answer() const { return !line_.empty(); }
    /// It sent a request of HTTP, as a browser does: nothing behind that was taken.
    [[nodiscard]] bool was_http() const { return was_http_; }
    /// The client fetches too little: it should be closed.
    [[nodiscard]] bool overflowed() const;
    /// The memory that its replies take until they are fetched.
    [[nodiscard]] std::size_t reply_bytes() const {
        return output_.capacity() + sending_.capacity() + reply_bytes_;
    }

    /// The memory that its requests take which are not whole, or wait.
    [[nodiscard]] std::size_t request_bytes() const {
        return parser_.bytes() + client_.transaction.memory() + read_text_.capacity() +
               line_.size() * sizeof(place);
    }

    /// The bytes to send; they stay until they are `sent`.
    [[nodiscard]] std::string_view begin_sending();
    void sent();
    [[nodiscard]] bool is_sending() const { return !sending_.empty(); }
    [[nodiscard]] bool has_output() const { return !output_.empty(); }

protected:
    /// `is_local`: it comes from this host.
    void set_addresses(std::string from, std::string own, bool is_local) {
        client_.address = std::move(from);
        client_.own_address = std::move(own);
        client_.is_local = is_local;
        client_.rights = rights_at_first(server_.own_keys(), is_local);
    }
    void speaks_tls() { client_.by_tls = true; }
    /// It has sent or fetched something.
    void was_active() { client_.active = std::chrono::steady_clock::now(); }
    /// It did not show what it takes, or hears that this server does not: whoever watches is told.
    void was_refused(std::string_view reason) { server_.refused(client_, reason); }
    /// The client is gone: nothing that waits is answered, or keeps memory.
    void give_up();
    /// Nothing more is taken of it. It is told why, behind what it is to be told before.
    void turn_away(std::string_view error);

private:
    /// A request whose words outlive the parser's.
    struct kept_request {
        local_function run = nullptr;
        std::vector<std::string> words{};
    };

    struct place {
        enum class kind : std::uint8_t { answered, write, read, request, awaits_leader };
        kind what = kind::answered;
        protocol spoken = protocol::resp2;  ///< By the client when it asked.
        std::uint16_t slot = 0;             ///< The key's, for a redirection.
        std::size_t bytes = 0;              ///< What the write takes in its batch.
        std::string reply{};                ///< Answered: the whole reply.
        std::uint64_t round = 0;            ///< Read: of this round; 0 need not wait for one.
        const command* read = nullptr;
        std::unique_ptr<transaction_answers> transaction{};  ///< Write: of EXEC.
        std::unique_ptr<kept_request> kept{};  ///< Awaits a leader: what is asked then.
        std::size_t first_word = 0;            ///< Read: its words among `read_ends_`.
        std::size_t word_count = 0;
    };

    [[nodiscard]] bool may_begin() const;
    [[nodiscard]] bool begin_next();
    [[nodiscard]] bool begin(const word_list& words);
    void refuse_words(std::string_view name, std::string_view wrong);
    [[nodiscard]] bool refuses(const command& which, const word_list& words);
    [[nodiscard]] bool begin_command(const command& which, const word_list& words);
    [[nodiscard]] bool begin_about_data(const command& which, const word_list& words);
    [[nodiscard]] bool begin_write(const command& which, const word_list& words);
    void begin_read(const command& which, const word_list& words);
    void begin_request(cluster_function check, const word_list& words);
    place& add_write(std::uint16_t slot, std::size_t bytes);
    void run_local(local_function run, const word_list& words);
    void answer_now(auto fill);
    void await_leader(local_function run, const word_list& words);
    void reply_error(std::string_view error);
    [[nodiscard]] std::string text_of(const raft::refusal& refused, unsigned slot) const;
    void answer_from_head();
    [[nodiscard]] bool take_reply(std::string& reply);

    // session_transaction.cpp
    void take_step(transaction_step step, const command& which, const word_list& words);
    void queue(const command& which, const word_list& words);
    [[nodiscard]] std::optional<std::string> obstacle_to_queuing(const command& which,
                                                                 const word_list& words);
    void begin_watch(const command& which, const word_list& words);
    [[nodiscard]] std::optional<std::string> obstacle_to_watching(const command& which,
                                                                  const word_list& words);
    void execute();
    void reply_transaction(std::string& out, protocol spoken, const transaction_answers& answers,
                           const std::vector<write_result>& results);
    void answer_queued(const queued_command& local, reply_writer reply);

    void carry_out(const place& read);
    void answer(place& waiting, std::string_view error);
    [[nodiscard]] place* waiting(std::uint64_t sequence, place::kind what);
    [[nodiscard]] place& add_place();

    service& server_;
    client_state client_;
    request_parser parser_;
    bool holds_request_ = false;  ///< The parser's request could not begin yet.
    bool wants_input_ = true;
    bool input_ended_ = false;  ///< What has come may still wait in the parser.
    bool ends_ = false;         ///< No more requests begin.
    bool changed_ = false;
    bool only_operators_ = false;
    bool was_http_ = false;

    std::deque<place> line_;
    std::uint64_t first_sequence_ = 0;  ///< Of the place at the head.
    std::size_t write_bytes_ = 0;       ///< Of the writes in the line.
    std::size_t reply_bytes_ = 0;       ///< Of the replies that wait in the line.
    std::size_t reads_ = 0;             ///< In the line.
    std::uint64_t confirmed_round_ = 0;
    std::string read_text_;  ///< The words of the reads in the line.
    std::vector<std::size_t> read_ends_;
    word_list read_words_;

    std::string output_;
    std::string sending_;
};

/// Answers at once, in its turn, by `fill(reply_writer)`.
void session::answer_now(auto fill) {
    std::string* out = &output_;
    if (!line_.empty()) out = &add_place().reply;
    fill(reply_writer{*out, client_.spoken});
    if (out != &output_) reply_bytes_ += out->size();
}

}  // namespace raft_kv
