// SPDX-License-Identifier: BSL-1.0
//
// hiredis' contexts and replies as values.
#include "connection.hpp"

#include <fcntl.h>
#include <sys/time.h>

namespace raft_kv::outside {

namespace {

timeval to_timeval(std::chrono::milliseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    timeval result{};
    result.tv_sec = seconds.count();
    result.tv_usec = std::chrono::microseconds{time - seconds}.count();
    return result;
}

answer to_answer(const redisReply& reply) {
    answer result;
    switch (reply.type) {
    case REDIS_REPLY_STATUS: result.what = answer::kind::status; break;
    case REDIS_REPLY_ERROR: result.what = answer::kind::error; break;
    case REDIS_REPLY_INTEGER: result.what = answer::kind::integer; break;
    case REDIS_REPLY_STRING: result.what = answer::kind::text; break;
    case REDIS_REPLY_ARRAY: result.what = answer::kind::array; break;
    default: return result;
    }
    result.number = reply.integer;
    if (reply.str != nullptr) result.text.assign(reply.str, reply.len);
    for (std::size_t i = 0; i < reply.elements; ++i)
        result.elements.push_back(to_answer(*reply.element[i]));
    return result;
}

}  // namespace

connection::connection(const server_address& server, std::chrono::milliseconds patience)
    : context_{::redisConnectWithTimeout(server.host.c_str(), server.client_port,
                                         to_timeval(patience))} {
    if (!usable()) return;
    ::redisSetTimeout(context_.get(), to_timeval(patience));
    // A server that is started meanwhile must not hold it open.
    ::fcntl(context_->fd, F_SETFD, FD_CLOEXEC);
}

std::string connection::error() const {
    return context_ != nullptr ? context_->errstr : "out of memory";
}

void connection::send(std::span<const std::string_view> words) {
    if (!usable()) return;
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const auto word : words) {
        texts.push_back(word.data());
        lengths.push_back(word.size());
    }
    ::redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(),
                             lengths.data());
}

std::optional<answer> connection::receive() {
    void* reply = nullptr;
    if (!usable() || ::redisGetReply(context_.get(), &reply) != REDIS_OK) return std::nullopt;
    const std::unique_ptr<void, decltype(&::freeReplyObject)> owner{reply, ::freeReplyObject};
    return to_answer(*static_cast<const redisReply*>(reply));
}

std::optional<answer> connection::call(std::span<const std::string_view> words) {
    send(words);
    return receive();
}

}  // namespace raft_kv::outside
