// SPDX-License-Identifier: BSL-1.0
//
// Reads and writes of a client's stream.
#include "connection.hpp"

#include "endpoints.hpp"
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/write.hpp>

namespace raft_kv {

namespace {
constexpr std::string_view http_text =
    "it speaks HTTP: perhaps a web page tries to send commands, and none behind this was taken";
constexpr std::string_view tls_text = "it speaks TLS, and this port does not";
constexpr std::string_view silent_text =
    "it went after the TLS handshake without a word: perhaps the certificate is not for the name "
    "that it called";
/// The first byte of TLS, and of no request.
constexpr char tls_handshake_record = 0x16;
}  // namespace

bool is_on_this_host(const asio::ip::address& from, const asio::ip::address& reached) {
    return is_loopback(from) || from == reached;
}

void connection::tell_addresses() {
    const auto text_of = [](const asio::ip::tcp::endpoint& endpoint) {
        return host_and_port(endpoint.address().to_string(), endpoint.port());
    };
    asio::error_code gone;
    const auto from = stream_.socket().remote_endpoint(gone);
    const auto own = stream_.socket().local_endpoint(gone);
    if (!gone)
        set_addresses(text_of(from), text_of(own), is_on_this_host(from.address(), own.address()));
    if (stream_.is_encrypted()) speaks_tls();
}

void connection::start() {
    if (!stream_.is_encrypted()) return owner_.changed(*this);
    stream_.async_handshake(
        [here = self()](const asio::error_code& error) { here->was_greeted(error); });
}

void connection::was_greeted(const asio::error_code& error) {
    if (closed_) return;
    if (!error) return owner_.changed(*this);
    was_refused(stream_.describe(error));
    close();
}

/// The memory that its replies take is known, and the next client may be served.
void connection::settle() {
    if (closed_) return;
    replies_.set(reply_bytes());
    requests_.set(request_bytes());
    owner_.make_room_for_replies();
    owner_.make_room_for_requests();
}

void connection::refuse_for_memory() {
    turn_away(
        "OOM what all clients have said in part takes more memory than --maxmemory-clients-mib "
        "allows, and this client holds the most of it: it is let go");
    requests_.give_back();
    owner_.changed(*this);
}

void connection::flush() {
    if (closed_) return;
    if (overflowed()) {
        owner_.goes(*this, "it does not fetch its replies");
        return close();
    }
    if (!is_sending() && has_output()) write();
    if (finished() && !is_sending()) {
        if (was_http()) owner_.goes(*this, http_text);
        return close();
    }
    if (wants_input() && !reading_) read();
}

void connection::close() {
    if (closed_) return;
    closed_ = true;
    give_up();
    replies_.give_back();
    requests_.give_back();
    stream_.close();
    owner_.closed(*this);
}

std::shared_ptr<connection> connection::self() {
    return std::static_pointer_cast<connection>(shared_from_this());
}

void connection::read() {
    reading_ = true;
    stream_.async_read_some(asio::buffer(input_),
                            [here = self()](const asio::error_code& error, std::size_t count) {
                                here->was_read(error, count);
                            });
}

void connection::was_read(const asio::error_code& error, std::size_t count) {
    reading_ = false;
    if (closed_) return;
    was_active();
    if (!has_spoken_) note_strange_beginning(error, count);
    if (closed_) return;
    if (error == asio::error::eof) {
        end_of_input();
    } else if (error) {
        return close();
    } else {
        receive({input_.data(), count});
    }
    owner_.changed(*this);
}

/// What a client that is refused, or refuses, does not tell its user.
void connection::note_strange_beginning(const asio::error_code& error, std::size_t count) {
    if (count == 0) {
        if (error && stream_.is_encrypted()) was_refused(silent_text);
        return;
    }
    has_spoken_ = true;
    if (stream_.is_encrypted() || input_[0] != tls_handshake_record) return;
    was_refused(tls_text);
    close();
}

void connection::write() {
    const auto bytes = begin_sending();
    const auto goes_on = [here = self()](const asio::error_code& error, std::size_t count) {
        constexpr std::size_t piece = 64 * limits::kibibyte;
        if (count > 0) here->was_active();
        return error ? 0 : piece;
    };
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()), goes_on,
                      [here = self()](const asio::error_code& error, std::size_t /*count*/) {
                          here->was_written(error);
                      });
}

void connection::was_written(const asio::error_code& error) {
    if (closed_) return;
    sent();
    if (error) return close();
    owner_.changed(*this);
}

}  // namespace raft_kv
