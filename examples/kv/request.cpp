// SPDX-License-Identifier: BSL-1.0
//
// The parser of requests. hiredis' reader is made for replies, which are the same arrays of
// strings; it is given functions that put the strings into the parser and turn down everything
// else.
#include "request.hpp"

#include <charconv>
#include <cstdint>
#include <new>
#include <utility>

#include "inline_words.hpp"
#include "limits.hpp"

namespace raft_kv {

namespace {

/// With its memory, which an assignment of nothing may keep.
void drop(auto& held) {
    held.clear();
    held.shrink_to_fit();
}

}  // namespace

/// What the reader calls for each element. A null result makes it stop with an error of its own, in
/// whose place the parser's is said. The type of lengths differs between versions of hiredis.
struct request_builder {
    static request_parser& parser(const redisReadTask* task) {
        return *static_cast<request_parser*>(task->privdata);
    }

    static void* refuse(const redisReadTask* task, char got) {
        using namespace std::string_literals;
        parser(task).fail("expected '$', got '"s + got + "'");
        return nullptr;
    }

    static void* string(const redisReadTask* task, char* text, std::size_t length) {
        if (task->type == REDIS_REPLY_STATUS) return refuse(task, '+');
        if (task->type == REDIS_REPLY_ERROR) return refuse(task, '-');
        return parser(task).add_word({text, length}) ? task->privdata : nullptr;
    }

    template <class Count>
    static void* array(const redisReadTask* task, Count count) {
        if (task->parent != nullptr) return refuse(task, '*');
        const auto words = static_cast<std::size_t>(count);
        if (words > limits::arguments_max) parser(task).fail("invalid multibulk length");
        if (!parser(task).trusted_ && words > limits::stranger_arguments_max)
            parser(task).fail("unauthenticated multibulk length");
        if (!parser(task).error().empty()) return nullptr;
        parser(task).knows_count_ = true;
        return task->privdata;
    }

    static void* integer(const redisReadTask* task, long long /*value*/) {
        return refuse(task, ':');
    }

    static void* nil(const redisReadTask* task) {
        if (task->parent == nullptr) return task->privdata;
        parser(task).fail("invalid bulk length");
        return nullptr;
    }

    static void release(void* /*object*/) {}

    static redisReplyObjectFunctions* functions() {
        static redisReplyObjectFunctions all = [] {
            redisReplyObjectFunctions made{};
            made.createString = string;
            made.createArray = array;
            made.createInteger = integer;
            made.createNil = nil;
            made.freeObject = release;
            return made;
        }();
        return &all;
    }
};

request_parser::request_parser() { new_reader(); }

void request_parser::new_reader() {
    reader_.reset(redisReaderCreateWithFunctions(request_builder::functions()));
    if (!reader_) throw std::bad_alloc{};
    reader_->privdata = this;
}

void request_parser::feed(std::string_view bytes) {
    if (reads_lines_) {
        lines_.append(bytes);
    } else if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
        throw std::bad_alloc{};
    }
}

request_parser::outcome request_parser::next() {
    while (error_.empty()) {
        if (!in_array_) {
            const auto rest = unread();
            if (rest.empty()) {
                give_back();
                return outcome::incomplete;
            }
            const auto is_array = rest.front() == '*';
            if (is_array && reads_lines_) read_arrays();
            if (!is_array && !reads_lines_) read_lines();
            const auto begun = unread().substr(0, 2);
            if (begun == "*") return outcome::incomplete;
            if (begun == "*-") {
                if (const auto found = skip_nothing(); found != outcome::request) return found;
                continue;
            }
        }
        text_.resize(in_array_ ? text_.size() : 0);
        ends_.resize(in_array_ ? ends_.size() : 0);
        const auto found = reads_lines_ ? next_inline() : next_array();
        if (found == outcome::incomplete) return found;
        if (found == outcome::request && !ends_.empty()) {
            finish_words();
            return found;
        }
    }
    return outcome::error;
}

std::string_view request_parser::unread() const {
    if (reads_lines_) return std::string_view{lines_}.substr(lines_read_);
    return {reader_->buf + reader_->pos, reader_->len - reader_->pos};
}

void request_parser::read_lines() {
    lines_ = unread();
    lines_read_ = 0;
    reads_lines_ = true;
    new_reader();
}

void request_parser::read_arrays() {
    const auto lines = std::exchange(lines_, {});
    reads_lines_ = false;
    feed(std::string_view{lines}.substr(lines_read_));
}

request_parser::outcome request_parser::next_array() {
    void* array = nullptr;
    if (!in_array_) knows_count_ = false;
    in_array_ = true;
    if (redisReaderGetReply(reader_.get(), &array) != REDIS_OK) return fail(fault_of_reader());
    if (array == nullptr) return check_pending();
    in_array_ = false;
    return outcome::request;
}

/// A count below zero is a request of nothing, as with Redis; the reader knows only one such.
request_parser::outcome request_parser::skip_nothing() {
    const auto rest = unread();
    const auto line = rest.substr(0, rest.substr(0, limits::length_line_bytes_max).find("\r\n"));
    if (line.size() == rest.size() && rest.size() < limits::length_line_bytes_max)
        return outcome::incomplete;
    std::int64_t count = 0;
    const auto digits = line.substr(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    const auto is_number = error == std::errc{} && end == digits.data() + digits.size();
    if (!is_number || digits.starts_with("-0")) return fail("invalid multibulk length");
    reader_->pos += line.size() + 2;
    return outcome::request;
}

/// The reader speaks of replies: the same in Redis' words. It quotes a type that no reply has.
std::string request_parser::fault_of_reader() const {
    const std::string_view said = reader_->errstr;
    if (!knows_count_) return "invalid multibulk length";
    const auto quote = said.find('"');
    if (quote == said.npos) return "invalid bulk length";
    const auto type = said.substr(quote + 1, said.rfind('"') - quote - 1);
    return "expected '$', got '" + std::string{type} + "'";
}

/// What the reader has and cannot take yet is the start of a length, or a string after its length.
/// It would wait for however long a string the client announces. Of a line that is too long to be a
/// number it says what the reader does that has all of it.
request_parser::outcome request_parser::check_pending() {
    const auto pending = unread();
    const auto line =
        pending.substr(0, pending.substr(0, limits::length_line_bytes_max).find("\r\n"));
    if (line.size() == pending.size()) {
        if (pending.size() < limits::length_line_bytes_max) return outcome::incomplete;
        return fail(knows_count_ ? "invalid bulk length" : "invalid multibulk length");
    }
    std::uint64_t length = 0;
    const auto result = std::from_chars(line.data(), line.data() + line.size(), length);
    if (result.ec != std::errc{} || length > limits::request_bytes_max)
        return fail("invalid bulk length");
    if (!trusted_ && length > limits::stranger_bytes_max)
        return fail("unauthenticated bulk length");
    return outcome::incomplete;
}

request_parser::outcome request_parser::next_inline() {
    const auto rest = unread();
    const auto end = rest.find('\n');
    if (end > limits::inline_bytes_max) {
        const auto waits = end == rest.npos && rest.size() <= limits::inline_bytes_max;
        return waits ? outcome::incomplete : fail("too big inline request");
    }
    auto line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto split = split_inline_words(line, text_, ends_);
    lines_read_ += end + 1;
    if (lines_read_ == lines_.size() || lines_read_ >= limits::inline_bytes_max) {
        lines_.erase(0, lines_read_);
        lines_read_ = 0;
    }
    return split ? outcome::request : fail("unbalanced quotes in request");
}

request_parser::outcome request_parser::fail(std::string_view why) {
    if (error_.empty()) error_ = why;
    return outcome::error;
}

bool request_parser::add_word(std::string_view word) {
    if (!trusted_ && text_.size() + word.size() > limits::stranger_bytes_max) {
        fail("unauthenticated bulk length");
        return false;
    }
    if (text_.size() + word.size() > limits::request_bytes_max) {
        fail("request is larger than 2097152 bytes");
        return false;
    }
    text_.append(word);
    ends_.push_back(text_.size());
    return true;
}

/// What a large request took, once there is nothing of it.
void request_parser::give_back() {
    if (text_.capacity() <= limits::output_bytes_kept) return;
    drop(text_);
    drop(ends_);
    drop(words_);
}

void request_parser::forget() {
    new_reader();
    lines_read_ = 0;
    drop(lines_);
    drop(text_);
    drop(ends_);
    drop(words_);
}

void request_parser::finish_words() {
    words_.clear();
    std::size_t begin = 0;
    for (const auto end : ends_) {
        words_.push_back(std::string_view{text_}.substr(begin, end - begin));
        begin = end;
    }
}

}  // namespace raft_kv
