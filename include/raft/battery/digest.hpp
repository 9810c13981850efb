// SPDX-License-Identifier: BSL-1.0
//
// The digest of a state machine's state (`digesting_state_machine`), made of what it saves:
//
//     std::uint64_t digest() const { return raft::digests::digest_of(*this); }
//
// That reads the whole state, every few thousand entries: for a small one. A large one keeps its
// digest up to date as it applies: for a map the sum of the digests of its pairs, from which that
// of a pair is taken off before it changes, and added after.
//
// Not against an adversary: who may choose the state can find another with the same digest.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <raft/core/timing.hpp>
#include <raft/policy/state_machine.hpp>

namespace raft::policy {

/// 0 if it offers no digest.
template <class StateMachine>
[[nodiscard]] constexpr std::uint32_t digest_version_of() {
    if constexpr (!digesting_state_machine<StateMachine>)
        return 0;
    else if constexpr (requires { StateMachine::digest_version; })
        return StateMachine::digest_version;
    else
        return 1;
}

}  // namespace raft::policy

namespace raft::digests {

/// Takes bytes, in pieces of any size, and keeps their digest alone: the sink of a `save`.
class digest_sink {
public:
    void write(std::span<const std::byte> bytes) {
        length_ += bytes.size();
        while (!bytes.empty() && filled_ != 0) take_first(bytes);
        for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t)))
            mix(word_at(bytes.data()));
        while (!bytes.empty()) take_first(bytes);
    }

    /// The same on every machine, as eight bytes.
    void number(std::uint64_t value) {
        std::byte bytes[sizeof(value)];
        for (auto& byte : bytes) {
            byte = static_cast<std::byte>(value);
            value >>= 8U;
        }
        write(bytes);
    }

    [[nodiscard]] std::uint64_t value() const {
        auto last = *this;
        last.mix(last.word_);
        last.mix(length_);
        return last.mixed_;
    }

private:
    void take_first(std::span<const std::byte>& bytes) {
        word_ |= std::to_integer<std::uint64_t>(bytes.front()) << (8 * filled_);
        bytes = bytes.subspan(1);
        if (++filled_ < sizeof(std::uint64_t)) return;
        mix(word_);
        word_ = 0;
        filled_ = 0;
    }

    [[nodiscard]] static std::uint64_t word_at(const std::byte* from) {
        std::uint64_t word = 0;
        if constexpr (std::endian::native == std::endian::little)
            std::memcpy(&word, from, sizeof(word));
        else
            for (std::size_t i = 0; i < sizeof(word); ++i)
                word |= std::to_integer<std::uint64_t>(from[i]) << (8 * i);
        return word;
    }

    void mix(std::uint64_t word) { mixed_ = core::mixed(mixed_ ^ word); }

    std::uint64_t mixed_ = 0;
    std::uint64_t word_ = 0;  ///< Bytes that are no whole word yet,
    unsigned filled_ = 0;     ///< and how many they are.
    std::uint64_t length_ = 0;
};

/// The digest of what the state machine saves. Equal states must save equal bytes: what has no
/// order of its own (an unordered map) is to be saved in one.
template <snapshotting_state_machine StateMachine>
[[nodiscard]] std::uint64_t digest_of(const StateMachine& machine) {
    digest_sink sink;
    machine.save(sink);
    return sink.value();
}

}  // namespace raft::digests
