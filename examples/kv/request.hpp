// SPDX-License-Identifier: BSL-1.0
//
// Takes requests of the Redis protocol out of the bytes that a client sends: arrays of bulk
// strings, which hiredis reads, and inline commands, a line of words as somebody at a telnet types
// it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <hiredis/read.h>

namespace raft_kv {

/// The words of one request: the command's name, then its arguments. Views into the parser.
using word_list = std::vector<std::string_view>;

class request_parser {
public:
    enum class outcome {
        request,     ///< `words()` is the next request. Never empty.
        incomplete,  ///< The rest has not come yet.
        error,       ///< `error()` says what is wrong; nothing after it can be understood.
    };

    request_parser();

    /// Who has not said who it is may send little at once.
    void trust(bool trusted) { trusted_ = trusted; }
    void feed(std::string_view bytes);
    [[nodiscard]] outcome next();
    /// What came and was not taken, for good: nothing behind it can be understood.
    void forget();
    [[nodiscard]] const word_list& words() const { return words_; }
    [[nodiscard]] const std::string& error() const { return error_; }
    /// The memory of what came and was not taken, and of the request in hand.
    [[nodiscard]] std::size_t bytes() const {
        return reader_->len + lines_.capacity() + text_.capacity() +
               ends_.capacity() * sizeof(std::size_t) +
               words_.capacity() * sizeof(word_list::value_type);
    }

private:
    struct free_reader {
        void operator()(redisReader* reader) const { redisReaderFree(reader); }
    };
    friend struct request_builder;

    void new_reader();
    [[nodiscard]] std::string_view unread() const;
    void read_lines();
    void read_arrays();
    [[nodiscard]] outcome skip_nothing();
    [[nodiscard]] outcome next_array();
    [[nodiscard]] outcome next_inline();
    [[nodiscard]] std::string fault_of_reader() const;
    [[nodiscard]] outcome check_pending();
    outcome fail(std::string_view why);
    [[nodiscard]] bool add_word(std::string_view word);
    void finish_words();
    void give_back();

    std::unique_ptr<redisReader, free_reader> reader_;
    bool in_array_ = false;     ///< The reader has a part of a request,
    bool knows_count_ = false;  ///< and of how many words it is.
    bool reads_lines_ =
        false;  ///< The bytes not yet understood are in `lines_`, else in the reader.
    std::string lines_;
    std::size_t lines_read_ = 0;

    std::string text_;               ///< The words of the request in hand, one after another,
    std::vector<std::size_t> ends_;  ///< and where each ends.
    word_list words_;
    bool trusted_ = true;
    std::string error_;
};

}  // namespace raft_kv
