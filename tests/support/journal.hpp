// SPDX-License-Identifier: BSL-1.0
//
// A state machine to test what is around it: it writes down each command that is applied, so that
// one too many shows. And bytes as the sink and the source of snapshots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <raft/policy/state_machine.hpp>

namespace raft::testing {

/// Keeps the words that it is given; the result is how many there are.
struct journal {
    using command = std::string;
    using result = std::size_t;
    std::vector<std::string> words{};

    result apply(log_index, const std::string& word) {
        words.push_back(word);
        return words.size();
    }
    void save(auto& sink) const {
        write_number(sink, words.size());
        for (const auto& word : words) {
            write_number(sink, word.size());
            sink.write(std::as_bytes(std::span{word}));
        }
    }
    [[nodiscard]] journal capture() const { return *this; }
    [[nodiscard]] bool restore(auto& source) {
        std::uint64_t count = 0;
        if (!read_number(source, count)) return false;
        std::vector<std::string> read(static_cast<std::size_t>(count));
        for (auto& word : read) {
            std::uint64_t length = 0;
            if (!read_number(source, length)) return false;
            word.resize(static_cast<std::size_t>(length));
            if (!source.read(std::as_writable_bytes(std::span{word}))) return false;
        }
        words = read;
        return true;
    }
    [[nodiscard]] std::size_t saved_size() const {
        std::size_t size = sizeof(std::uint64_t);
        for (const auto& word : words) size += sizeof(std::uint64_t) + word.size();
        return size;
    }
    friend bool operator==(const journal&, const journal&) = default;

private:
    static void write_number(auto& sink, std::uint64_t number) {
        sink.write(std::as_bytes(std::span{&number, 1}));
    }
    [[nodiscard]] static bool read_number(auto& source, std::uint64_t& number) {
        return source.read(std::as_writable_bytes(std::span{&number, 1}));
    }
};

struct byte_sink {
    std::vector<std::byte> bytes{};
    void write(std::span<const std::byte> more) {
        bytes.insert(bytes.end(), more.begin(), more.end());
    }
};

struct byte_source {
    std::span<const std::byte> rest{};
    [[nodiscard]] bool read(std::span<std::byte> out) {
        if (out.size() > rest.size()) return false;
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = rest[i];
        rest = rest.subspan(out.size());
        return true;
    }
};

}  // namespace raft::testing
