// SPDX-License-Identifier: BSL-1.0
//
// An observer that remembers the last inputs of a node, and a state from which they lead to the
// present one. As the step is pure, that is all there is to know: `raft-replay` shows every
// decision again. Nothing is allocated for an input.
//
// The inputs are kept in two halves, each with the state before it. When one is full the other is
// begun anew, so that there is always more than one half of them. A step costs the writing down of
// its input, and once in a half the copy of a state.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/flight_recorder/recording.hpp>

namespace raft::flight {

struct options {
    /// The room for inputs, in bytes; an input takes about 15. At least 8 KiB.
    std::size_t bytes = 64 * 1024;
    /// Where the recording goes when an invariant is broken; nowhere if empty.
    std::string file{};
};

/// `ChecksInvariants`: after each step `core::invariants` must hold, or the recording is saved and
/// the process stops. Thread rule: the node's.
template <bool ChecksInvariants = true>
class recorder {
public:
    explicit recorder(options options = {}) : file_{std::move(options.file)} {
        const auto half_bytes = std::max(options.bytes / 2, half_bytes_least);
        for (auto& each : halves_) each.bytes.resize(half_bytes);
    }

    void on_start(const core::state& s) { begin_anew(s); }

    template <class Input>
    void on_input(instant now, const Input& in) {
        auto& half = halves_[present_];
        detail::value_writer out{std::span{half.bytes}.subspan(half.used)};
        detail::write_input(out, now - last_, in);
        if (out.overflowed()) [[unlikely]] {
            missed_ = true;
            return;
        }
        last_ = now;
        half.used += out.size();
        ++half.count;
    }

    void on_state(const core::state& s) {
        if constexpr (ChecksInvariants)
            if (!invariants(s)) [[unlikely]]
                stop(s);
        const auto& half = halves_[present_];
        if (half.bytes.size() - half.used < usual_input_bytes_max || missed_) [[unlikely]]
            missed_ ? begin_anew(s) : begin_half(s);
    }

    /// How many inputs can be replayed.
    [[nodiscard]] std::size_t inputs() const { return halves_[0].count + halves_[1].count; }

    /// The recording as a file. `now`: the node's present state (`node::protocol_state()`), by
    /// which whoever replays can tell that nothing is missing.
    [[nodiscard]] std::vector<std::byte> recorded(const core::state& now) const {
        const auto& magic = detail::recording_magic;
        std::vector<std::byte> out(detail::recording_header_bytes);
        std::memcpy(out.data(), magic.data(), magic.size());
        detail::store_little_endian(&out[magic.size()], detail::recording_version);
        const auto& older = halves_[1 - present_];
        detail::append_value(out, std::uint64_t{older.count > 0 ? 2U : 1U});
        if (older.count > 0) append(out, older);
        append(out, halves_[present_]);
        const auto state_at = out.size();
        detail::append_value(out, now);
        append_checksum(out, state_at);
        const auto length = std::uint64_t{out.size() + detail::checksum_bytes};
        detail::store_little_endian(&out[magic.size() + 4], length);
        append_checksum(out, 0);
        return out;
    }

    /// Writes the recording to a file, in one go: whoever finds the file finds all of it. False if
    /// that did not succeed.
    [[nodiscard]] bool save(const core::state& now, const std::string& path) const {
        const auto bytes = recorded(now);
        const auto unfinished = path + ".unfinished";
        std::FILE* const file = std::fopen(unfinished.c_str(), "wb");
        if (file == nullptr) return false;
        const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
        const bool complete = std::fclose(file) == 0 && written;
        return complete && std::rename(unfinished.c_str(), path.c_str()) == 0;
    }

private:
    /// More than any input takes but a change of membership that names very many servers.
    static constexpr std::size_t usual_input_bytes_max = 1024;
    static constexpr std::size_t half_bytes_least = 4 * usual_input_bytes_max;

    struct stretch {
        core::state before{};
        instant since{};  ///< Of the input before the first.
        std::vector<std::byte> bytes{};
        std::size_t used = 0;
        std::size_t count = 0;
    };

    void begin_half(const core::state& s) {
        present_ = 1 - present_;
        auto& begun = halves_[present_];
        begun.before = s;
        begun.since = last_;
        begun.used = begun.count = 0;
    }

    /// An input is missing: what came before it leads nowhere.
    void begin_anew(const core::state& s) {
        missed_ = false;
        halves_[present_].used = halves_[present_].count = 0;
        begin_half(s);
    }

    [[noreturn]] void stop(const core::state& s) const {
        if (!file_.empty()) static_cast<void>(save(s, file_));
        core::invariant_broken();
    }

    static void append(std::vector<std::byte>& out, const stretch& from) {
        detail::append_value(out, from.before);
        detail::append_value(out, from.since);
        detail::append_value(out, std::uint64_t{from.count});
        const auto inputs = std::span{from.bytes}.first(from.used);
        out.insert(out.end(), inputs.begin(), inputs.end());
    }

    static void append_checksum(std::vector<std::byte>& out, std::size_t from) {
        const auto checksum = wire::crc32c(std::span{out}.subspan(from));
        out.resize(out.size() + detail::checksum_bytes);
        detail::store_little_endian(&out[out.size() - detail::checksum_bytes], checksum);
    }

    std::string file_;
    std::array<stretch, 2> halves_{};
    std::size_t present_ = 0;
    instant last_{};
    bool missed_ = false;
};

}  // namespace raft::flight
