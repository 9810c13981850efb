// SPDX-License-Identifier: BSL-1.0
//
// A network that knows connections, as TCP has them. Each server calls each other one, and what it
// sends travels on its own connection, in order. What can go wrong with one:
//
// * It is reset: both ends know, and what was on its way is gone.
// * The way is cut silently: nobody knows. What is sent waits to be sent again, and arrives if the
//   way is free again soon enough; else the sender gives up, and the other end stays half-open.
// * Nobody answers: the attempt to connect ends after a time. It is made again, with growing
//   pauses, and at once if the other side calls.
//
// Or, where a run says so, there are no connections, and each message by itself is lost, doubled or
// late, as over UDP. Frames are those of the wire, of the version that both ends read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <raft/codec/frame.hpp>
#include <raft/testing/simulator/world.hpp>

namespace raft::testing::simulation {

/// How bad the network is, by itself.
struct weather {
    bool has_connections = true;
    moment delay_least = 50 * microsecond;
    moment delay_most = 500 * microsecond;
    std::uint32_t losses = 0;  ///< So many of a million messages.
    std::uint32_t duplications = 0;
    std::uint32_t delays = 0;
    std::uint32_t resets = 0;
};

class network {
public:
    using bytes = std::vector<std::byte>;

    struct arrived {
        std::uint16_t from = 0;
        std::uint16_t to = 0;
        bytes frame{};
    };

    network(world& around, const weather& given) : around_{around}, weather_{given} {}

    [[nodiscard]] weather& conditions() { return weather_; }

    /// When the last frame comes of those that are on their way.
    [[nodiscard]] moment last_arrival() const {
        const auto by_arrival = [](const link& a, const link& b) {
            return a.last_arrival < b.last_arrival;
        };
        return std::max_element(links_.begin(), links_.end(), by_arrival)->last_arrival;
    }

    /// There is one server more.
    void add_server() { ++servers_; }

    // ------------------------------------------------------------------------------------- sending

    /// How many bytes a sender may still hand over.
    [[nodiscard]] std::size_t room(std::uint16_t from, std::uint16_t to) {
        const auto& way = between(from, to);
        if (!is_open(from, to)) return 0;
        return way.on_its_way < queue_bytes_max ? queue_bytes_max - way.on_its_way : 0;
    }
    [[nodiscard]] bool is_open(std::uint16_t from, std::uint16_t to) {
        return !weather_.has_connections || between(from, to).is_open;
    }
    [[nodiscard]] std::uint8_t version(std::uint16_t from, std::uint16_t to) {
        return weather_.has_connections ? between(from, to).version : wire::frame_version_newest;
    }

    void send(std::uint16_t from, std::uint16_t to, const bytes& frame) {
        auto& way = between(from, to);
        if (!weather_.has_connections) return send_datagram(way, from, to, frame);
        if (!way.is_open) return;
        if (way.is_cut || between(to, from).is_cut) watch(way, from, to);
        if (way.is_cut) return way.held.push_back(put(from, to, frame));
        if (around_.luck.hits(weather_.resets)) {
            tell_lost(from, to, frame);
            return reset(from, to);
        }
        stream(way, from, to, put(from, to, frame), stream_delay(from));
    }

    /// A frame has come; nothing if it was on a connection that is no more.
    [[nodiscard]] bool take(const event& what, arrived& into) {
        auto& waits = frames_[what.number];
        auto& way = between(waits.from, waits.to);
        const auto life = what.life;
        std::swap(into, waits);
        waits.frame.clear();
        free_.push_back(what.number);
        const bool comes = weather_.has_connections ? way.life == life : !way.is_cut;
        if (comes && weather_.has_connections)
            way.on_its_way -= std::min(way.on_its_way, into.frame.size());
        if (auto* seen_by = around_.seen_by; seen_by != nullptr) [[unlikely]]
            comes ? seen_by->on_arrived(what.number) : seen_by->on_void(what.number);
        return comes;
    }

    // --------------------------------------------------------------------------------- connections

    /// Begins to reach `to`, soon.
    void connect(std::uint16_t from, std::uint16_t to, moment delay) {
        auto& way = between(from, to);
        if (way.is_open || way.is_calling || !weather_.has_connections) return;
        way.is_calling = true;
        ++way.attempt;
        around_.after(
            delay,
            {.what = happening::connection, .server = from, .other = to, .life = way.attempt});
    }
    /// Whether this is the attempt that counts.
    [[nodiscard]] bool is_current(const event& attempt) {
        auto& way = between(attempt.server, attempt.other);
        return way.is_calling && way.attempt == attempt.life;
    }
    /// Nobody is there any more who would make it.
    void abandon(const event& attempt) {
        between(attempt.server, attempt.other).is_calling = false;
    }
    [[nodiscard]] bool is_passable(std::uint16_t a, std::uint16_t b) {
        return !between(a, b).is_cut && !between(b, a).is_cut;
    }
    void connected(std::uint16_t from, std::uint16_t to, std::uint8_t version) {
        auto& way = between(from, to);
        way = {.is_open = true,
               .is_cut = way.is_cut,
               .version = version,
               .life = next_life_++,
               .attempt = way.attempt};
        // Who is called knows that there is a way, and does not wait for its own next attempt.
        auto& back = between(to, from);
        back.failures = 0;
        if (!back.is_open) {
            back.is_calling = false;
            connect(to, from, round_trip());
        }
    }
    /// An attempt came to nothing: the next one follows after a pause, the longest one if the
    /// other side does not want this one.
    void failed(std::uint16_t from, std::uint16_t to, bool unwanted) {
        auto& way = between(from, to);
        way.is_calling = false;
        connect(from, to, pause(way, unwanted));
    }
    /// Both ends of a connection learn that it is no more.
    void reset(std::uint16_t from, std::uint16_t to) {
        around_.go_wrong(fault::reset, from);
        drop(from, to);
        connect(from, to, pause(between(from, to), false));
    }
    /// A server looks whether `to` has acknowledged anything.
    void look(const event& what) {
        auto& way = between(what.server, what.other);
        if (way.life != what.life || !way.is_watched) return;
        way.is_watched = false;
        const bool is_due = way.is_cut || between(what.other, what.server).is_cut;
        if (!is_due || !way.is_open) return;
        drop(what.server, what.other);
        connect(what.server, what.other, pause(way, false));
    }

    /// The process at `place` has ended: what it has sent and not handed over is gone, and the
    /// others learn it, if its system is still there to tell them.
    void ended(std::uint16_t place, bool tells) {
        for (std::uint16_t other = 0; other < servers_; ++other) {
            if (other == place) continue;
            drop(place, other);
            between(place, other).is_calling = false;
            if (!between(other, place).is_open) continue;
            if (tells) {
                drop(other, place);
                connect(other, place, pause(between(other, place), false));
            } else {
                watch(between(other, place), other, place);
            }
        }
    }
    /// It has begun to run, and calls all others.
    void began(std::uint16_t place) {
        for (std::uint16_t other = 0; other < servers_; ++other) {
            if (other == place) continue;
            // Whoever was connected to the process before finds that out now.
            if (between(other, place).is_open) drop(other, place);
            between(other, place).failures = 0;
            connect(place, other, round_trip());
            connect(other, place, round_trip() + pause(between(other, place), false));
        }
    }

    // ---------------------------------------------------------------------------------------- cuts

    void cut(std::uint16_t from, std::uint16_t to) { between(from, to).is_cut = true; }

    /// The way is free: what waited is sent again, when TCP comes to it.
    void heal(std::uint16_t from, std::uint16_t to) {
        auto& way = between(from, to);
        way.is_cut = false;
        const auto again = around_.luck.between(millisecond, 400 * millisecond);
        for (const auto number : way.held) stream(way, from, to, number, again);
        way.held.clear();
    }
    void heal_all() {
        for (std::uint16_t a = 0; a < servers_; ++a)
            for (std::uint16_t b = 0; b < servers_; ++b)
                if (between(a, b).is_cut) heal(a, b);
    }

    static constexpr std::size_t servers_max = 24;

private:
    static constexpr std::size_t queue_bytes_max = std::size_t{1} << 20U;
    static constexpr moment unacknowledged_max = second;
    static constexpr moment pause_least = 25 * millisecond;
    static constexpr moment pause_most = 500 * millisecond;

    struct link {
        bool is_open = false;
        bool is_calling = false;
        bool is_cut = false;
        bool is_watched = false;
        std::uint8_t version = 0;
        std::uint32_t life = 0;  ///< Which connection it is.
        std::uint32_t attempt = 0;
        std::uint32_t failures = 0;
        moment last_arrival = 0;
        std::size_t on_its_way = 0;  ///< Bytes.
        std::vector<std::uint32_t> held{};
    };

    [[nodiscard]] link& between(std::uint16_t from, std::uint16_t to) {
        return links_[from * servers_max + to];
    }

    [[nodiscard]] std::uint32_t put(std::uint16_t from, std::uint16_t to, const bytes& frame) {
        if (free_.empty()) {
            free_.push_back(static_cast<std::uint32_t>(frames_.size()));
            frames_.emplace_back();
        }
        const auto number = free_.back();
        free_.pop_back();
        auto& waits = frames_[number];
        waits.from = from;
        waits.to = to;
        waits.frame.assign(frame.begin(), frame.end());
        if (around_.seen_by != nullptr) [[unlikely]]
            around_.seen_by->on_sent(from, to, number, frame);
        return number;
    }

    void tell_lost(std::uint16_t from, std::uint16_t to, const bytes& frame) const {
        if (around_.seen_by != nullptr) [[unlikely]]
            around_.seen_by->on_lost(from, to, frame);
    }

    [[nodiscard]] moment round_trip() {
        return 2 * around_.luck.between(weather_.delay_least, weather_.delay_most);
    }

    [[nodiscard]] moment pause(link& way, bool longest) {
        moment wait = longest ? pause_most : pause_least;
        for (std::uint32_t i = 0; i < way.failures && wait < pause_most; ++i) wait *= 2;
        wait = std::min(wait, pause_most);
        ++way.failures;
        return wait - around_.luck.between(0, wait / 2);
    }

    /// What was lost in a stream is sent again by TCP, and holds up all that is behind it.
    [[nodiscard]] moment stream_delay(std::uint16_t from) {
        auto delay = around_.luck.between(weather_.delay_least, weather_.delay_most);
        if (around_.luck.hits(weather_.losses)) {
            around_.go_wrong(fault::loss, from);
            delay += 200 * millisecond;
        }
        if (around_.luck.hits(weather_.delays)) {
            around_.go_wrong(fault::delay, from);
            delay += around_.luck.between(0, second);
        }
        return delay;
    }

    void stream(link& way, std::uint16_t from, std::uint16_t to, std::uint32_t number,
                moment delay) {
        way.last_arrival = std::max(way.last_arrival + 1, around_.now + delay);
        way.on_its_way += frames_[number].frame.size();
        around_.events.add({.at = way.last_arrival,
                            .what = happening::arrival,
                            .server = to,
                            .other = from,
                            .number = number,
                            .life = way.life});
    }

    void send_datagram(link& way, std::uint16_t from, std::uint16_t to, const bytes& frame) {
        if (way.is_cut) return tell_lost(from, to, frame);
        if (around_.luck.hits(weather_.losses)) {
            tell_lost(from, to, frame);
            return around_.go_wrong(fault::loss, from);
        }
        fly(from, to, frame);
        if (!around_.luck.hits(weather_.duplications)) return;
        around_.go_wrong(fault::duplication, from);
        fly(from, to, frame);
    }

    void fly(std::uint16_t from, std::uint16_t to, const bytes& frame) {
        auto& way = between(from, to);
        auto delay = around_.luck.between(weather_.delay_least, weather_.delay_most);
        if (around_.luck.hits(weather_.delays)) {
            around_.go_wrong(fault::delay, from);
            delay += around_.luck.between(0, 3 * second);
        }
        if (around_.now + delay < way.last_arrival) around_.go_wrong(fault::reordering, from);
        way.last_arrival = std::max(way.last_arrival, around_.now + delay);
        around_.after(delay, {.what = happening::arrival,
                              .server = to,
                              .other = from,
                              .number = put(from, to, frame)});
    }

    void watch(link& way, std::uint16_t from, std::uint16_t to) {
        if (std::exchange(way.is_watched, true)) return;
        around_.after(unacknowledged_max,
                      {.what = happening::look, .server = from, .other = to, .life = way.life});
    }

    /// This end is closed. What is on its way is void, and what waits is thrown away.
    void drop(std::uint16_t from, std::uint16_t to) {
        auto& way = between(from, to);
        for (const auto number : way.held) {
            free_.push_back(number);
            if (around_.seen_by != nullptr) [[unlikely]]
                around_.seen_by->on_void(number);
        }
        way.held.clear();
        way.is_open = way.is_watched = false;
        way.on_its_way = 0;
        way.last_arrival = 0;
        way.life = next_life_++;
    }

    world& around_;
    weather weather_;
    std::uint16_t servers_ = 0;
    std::vector<link> links_ = std::vector<link>(servers_max * servers_max);
    std::vector<arrived> frames_{};
    std::vector<std::uint32_t> free_{};
    std::uint32_t next_life_ = 1;
};

}  // namespace raft::testing::simulation
