// SPDX-License-Identifier: BSL-1.0
//
// The snapshot of a state machine without writing its form: whatever struct.hpp knows how to write
// goes into the sink of `save`, and comes back from the source of `restore`.
//
//     void save(auto& sink) const { raft::save_value(sink, accounts_); }
//     bool restore(auto& source) { return raft::restore_value(source, accounts_); }
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <raft/codec/command.hpp>

namespace raft {
namespace detail {

/// An output that hands over its bytes in large pieces.
template <class Sink>
class sink_output {
public:
    static constexpr bool counts = false;

    explicit sink_output(Sink& sink) : sink_{sink} {}

    void put(const void* from, std::size_t length) {
        copy_bytes(room(length).data(), from, length);
    }

    [[nodiscard]] std::span<std::byte> room(std::size_t length) {
        if (bytes_.size() >= piece) flush();
        const auto before = bytes_.size();
        bytes_.resize(before + length);
        return std::span{bytes_}.subspan(before);
    }

    void flush() {
        sink_.write(std::span<const std::byte>{bytes_});
        bytes_.clear();
    }

private:
    static constexpr std::size_t piece = std::size_t{64} * 1024;

    Sink& sink_;
    std::vector<std::byte> bytes_{};
};

}  // namespace detail

/// Writes `value` to the sink of a snapshot. Takes as much memory as a piece and the longest string
/// in it. A snapshot may hold several values, one after the other.
template <class Sink, class T>
void save_value(Sink& sink, const T& value) {
    detail::sink_output<Sink> out{sink};
    detail::field_writer{out}.write(value);
    out.flush();
}

/// Reads what `save_value` wrote, in an older or a newer version perhaps: fields that an older one
/// has not written are as the struct gives them, and those that a newer one has added are skipped.
/// False, and `value` is what it was, if these bytes are none.
template <class Source, class T>
[[nodiscard]] bool restore_value(Source& source, T& value) {
    T read{};
    detail::field_reader reader{source, detail::unknown_fields::skipped};
    reader.read(read);
    if (!reader.good()) return false;
    value = std::move(read);
    return true;
}

}  // namespace raft
