// SPDX-License-Identifier: BSL-1.0
#include "unborn_server.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "cluster_inquiry.hpp"
#include "commands.hpp"
#include "connection.hpp"
#include "reply.hpp"
#include "request.hpp"
#include "staged_state.hpp"
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

namespace raft_kv {

namespace {

using tcp = asio::ip::tcp;
using clock = std::chrono::steady_clock;
using end_of_wait = std::variant<birth_record, std::string>;

constexpr std::chrono::milliseconds pause_between_questions{300};
/// Who prepares a birth and does not go on is not waited for any longer than this.
constexpr std::chrono::seconds preparation_time{30};

constexpr std::string_view not_born =
    "CLUSTERDOWN this cluster is not born yet: run `raft-kv init --cluster FILE`, once, while all "
    "the servers in the file run";

constexpr std::string_view not_proven =
    "NOAUTH this server hears who knows its secret or its password: run `raft-kv init` with the "
    "files that it was started with";

constexpr std::string_view not_prepared = "ERR this birth was not prepared here";

/// A birth that somebody prepares: it has asked for all founders, and is to have each or none.
struct preparation {
    std::string token{};
    clock::time_point until{};
};

class waiting_server {
public:
    waiting_server(const unborn_options& options, const event_log& log)
        : options_{options}, log_{log}, state_{options.directory}, acceptor_{io_} {}
    ~waiting_server() {
        ending_ = true;
        if (asking_.joinable()) asking_.join();
    }
    waiting_server(const waiting_server&) = delete;
    waiting_server& operator=(const waiting_server&) = delete;

    [[nodiscard]] end_of_wait run() {
        if (auto wrong = listen()) return *std::move(wrong);
        log_(
            "has an empty directory, and waits: for `raft-kv init`, or to hear from another server "
            "in the cluster file that the cluster is born");
        accept();
        asking_ = std::thread{[this] { ask_others(); }};
        io_.run();
        return *std::move(end_);
    }

private:
    /// What a client has shown, and what it may do therefore.
    struct standing_of_client {
        peer_door door{};
        client_rights rights{};
        bool is_denied = false;  ///< Nothing more is heard of it, as by a server that is born.
    };

    /// Who may tell nothing by its address alone: with a secret that is everybody.
    [[nodiscard]] standing_of_client first_standing(const tcp::socket& client) const {
        asio::error_code gone;
        const auto from = client.remote_endpoint(gone);
        const auto reached = client.local_endpoint(gone);
        const auto is_local = !gone && is_on_this_host(from.address(), reached.address());
        auto rights = rights_at_first(options_.own, is_local);
        if (options_.own.secret) rights.may_operate = false;
        return {.rights = rights};
    }

    void answer(standing_of_client& client, const word_list& words, reply_writer reply) {
        const auto is_raft = words.size() >= 2 && same_word(words[0], "raft");
        if (is_raft && same_word(words[1], "prove")) return prove(client, words, reply);
        if (same_word(words[0], "auth")) return authenticate(client, words, reply);
        if (client.rights.is_foreign) {
            client.is_denied = true;
            return reply.error(foreign_text);
        }
        if (same_word(words[0], "ping")) return reply.status("PONG");
        if (!is_raft || !same_word(words[1], "birth")) return reply.error(not_born);
        if (!client.rights.may_operate) return reply.error(not_proven);
        answer_birth(words, reply);
    }

    void prove(standing_of_client& client, const word_list& words, reply_writer reply) {
        if (client.door.answer(options_.own.secret, words, reply))
            log_("a client is refused, for a wrong proof");
        if (client.door.is_proven()) client.rights = rights_of_peer();
    }

    void authenticate(standing_of_client& client, const word_list& words, reply_writer reply) {
        if (words.size() != 3) return reply.error("ERR AUTH takes a user and a password here");
        if (const auto wrong = admit(options_.own, words[1], words[2], client.rights))
            return reply.error(*wrong);
        if (options_.own.secret && !options_.own.operator_password)
            client.rights.may_operate = false;
        reply.ok();
    }

    void answer_birth(const word_list& words, reply_writer reply) {
        if (words.size() == 2) return reply.bulk(text_of(unborn{options_.self}));
        if (words.size() == 4 && same_word(words[2], "prepare")) return prepare(words[3], reply);
        if (words.size() == 5 && same_word(words[2], "begin"))
            return begin(words[3], words[4], reply);
        if (words.size() == 6 && same_word(words[2], "load"))
            return load(words[3], words[4], words[5], reply);
        reply.error("ERR wrong number of arguments for RAFT BIRTH");
    }

    class session : public std::enable_shared_from_this<session> {
    public:
        session(waiting_server& owner, tcp::socket socket)
            : owner_{owner}, socket_{std::move(socket)}, client_{owner.first_standing(socket_)} {}

        void read() {
            socket_.async_read_some(
                asio::buffer(bytes_),
                [self = shared_from_this()](const asio::error_code& error, std::size_t count) {
                    if (!error) self->take({self->bytes_.data(), count});
                });
        }

    private:
        void take(std::string_view bytes) {
            parser_.feed(bytes);
            out_.clear();
            const auto goes_on = answer_all();
            if (out_.empty()) return read();
            asio::async_write(
                socket_, asio::buffer(out_),
                [self = shared_from_this(), goes_on](const asio::error_code& error, std::size_t) {
                    if (error) return;
                    self->owner_.was_answered();
                    if (goes_on) self->read();
                });
        }

        /// False if nothing more is to be heard of it.
        [[nodiscard]] bool answer_all() {
            while (!client_.is_denied) {
                parser_.trust(client_.rights.may_use);
                switch (parser_.next()) {
                case request_parser::outcome::incomplete: return true;
                case request_parser::outcome::error:
                    reply_writer{out_}.error("ERR Protocol error: " + parser_.error());
                    return false;
                case request_parser::outcome::request:
                    owner_.answer(client_, parser_.words(), reply_writer{out_});
                }
            }
            return false;
        }

        waiting_server& owner_;
        tcp::socket socket_;
        std::array<char, 4096> bytes_{};
        request_parser parser_{};
        standing_of_client client_;
        std::string out_{};
    };

    [[nodiscard]] std::optional<std::string> listen() {
        asio::error_code error;
        acceptor_.open(options_.clients.protocol(), error);
        if (!error) acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
        if (!error) acceptor_.bind(options_.clients, error);
        if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
        if (!error) return std::nullopt;
        return "cannot listen for clients on " +
               host_and_port(options_.clients.address().to_string(), options_.clients.port()) +
               ": " + error.message() + options_.way_out;
    }

    void accept() {
        acceptor_.async_accept([this](const asio::error_code& error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error) std::make_shared<session>(*this, std::move(socket))->read();
            accept();
        });
    }

    void prepare(std::string_view token, reply_writer reply) {
        const auto now = clock::now();
        const bool is_other = prepared_ && prepared_->token != token && now < prepared_->until;
        if (is_other) return reply.error("BUSY another `raft-kv init` is under way");
        prepared_ = preparation{std::string{token}, now + preparation_time};
        reply.ok();
    }

    /// A part of the state that the cluster is to begin with.
    void load(std::string_view token, std::string_view offset, std::string_view bytes,
              reply_writer reply) {
        const auto from = hex_number(offset);
        if (!from) return reply.error("ERR that is no offset");
        if (!prepared_ || prepared_->token != token) return reply.error(not_prepared);
        if (const auto wrong = state_.take(*from, bytes)) return reply.error("IOERR " + *wrong);
        prepared_->until = clock::now() + preparation_time;
        reply.ok();
    }

    void begin(std::string_view token, std::string_view text, reply_writer reply) {
        const auto record = parse_birth(text);
        if (!record) return reply.error("ERR that is no record of a birth");
        if (!prepared_ || prepared_->token != token) return reply.error(not_prepared);
        if (const auto why = obstacle_to_founding(*record, options_.self))
            return reply.error("ERR " + *why);
        if (const auto why = obstacle_to_state(options_.directory, *record))
            return reply.error("ERR " + *why);
        if (const auto wrong = keep_birth(options_.directory, *record))
            return reply.error("IOERR " + *wrong);
        born_ = *record;
        reply.ok();
    }

    /// Whoever began the birth has heard that it is durable here.
    void was_answered() {
        if (born_) end(*born_);
    }

    /// On a thread of its own: each question blocks.
    void ask_others() {
        while (!ending_) {
            if (auto record = ask_for_birth(options_.layout.servers, options_.self.id, options_.own,
                                            inquiry_patience))
                asio::post(io_, [this, told = *std::move(record)] { hear(told); });
            for (auto waited = pause_between_questions * 0;
                 waited < pause_between_questions && !ending_;
                 waited += pause_between_questions / 10)
                std::this_thread::sleep_for(pause_between_questions / 10);
        }
    }

    void hear(const birth_record& told) {
        if (end_) return;
        if (auto why = obstacle_to_founding(told, options_.self)) return end(*std::move(why));
        if (auto why = obstacle_to_state(options_.directory, told)) return end(*std::move(why));
        if (auto wrong = keep_birth(options_.directory, told)) return end(*std::move(wrong));
        end(told);
    }

    void end(end_of_wait how) {
        if (!end_) end_ = std::move(how);
        ending_ = true;
        io_.stop();
    }

    const unborn_options& options_;
    const event_log& log_;
    staged_state state_;
    asio::io_context io_{1};
    tcp::acceptor acceptor_;
    std::thread asking_{};
    std::atomic<bool> ending_ = false;
    std::optional<preparation> prepared_{};
    std::optional<birth_record> born_{};
    std::optional<end_of_wait> end_{};
};

}  // namespace

std::variant<birth_record, std::string> await_birth(const unborn_options& options,
                                                    const event_log& log) {
    waiting_server waiting{options, log};
    return waiting.run();
}

}  // namespace raft_kv
