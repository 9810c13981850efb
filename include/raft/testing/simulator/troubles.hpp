// SPDX-License-Identifier: BSL-1.0
//
// What goes wrong now and then: cuts, clocks, crashes, disks. Most of it ends after a while.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include <raft/testing/simulator/stage.hpp>

namespace raft::testing::simulation {

template <class Workload>
class troubles {
    using stage_type = stage<Workload>;
    using server_type = typename stage_type::server_type;

public:
    explicit troubles(stage_type& on) : stage_{on} {
        collect(wanted_by(on.options.profile));
        come_back();
    }

    void on_event() {
        if (!stage_.is_troubled || kinds_.empty()) return;
        come_back();
        make(kinds_[luck().below(kinds_.size())]);
    }

    /// A fault ends.
    void on_relief(const event& what) {
        const auto& ended = reliefs_[what.number];
        switch (ended.kind) {
        case fault::flapping: return flap(ended);
        case fault::one_way_cut:
        case fault::silent_cut:
        case fault::chain: return stage_.net.heal_all();
        default: restore(*stage_.servers[ended.place]);
        }
    }

    /// All of them end.
    void end_all() {
        stage_.is_troubled = false;
        stage_.slow_disks_until = 0;
        auto& sky = stage_.net.conditions();
        sky.losses = sky.duplications = sky.delays = sky.resets = 0;
        stage_.net.heal_all();
        for (auto& each : stage_.servers) restore(*each);
    }

    /// The server is about to start: it may not come far.
    void on_start(server_type& s) {
        if (stage_.is_troubled && crashes_ && luck().percent(20))
            s.device().effects_left = static_cast<std::uint64_t>(luck().between(1, 40));
    }

private:
    struct relief {
        fault kind{};
        std::uint16_t place = 0;
        std::uint16_t other = 0;
        std::uint16_t left = 0;
    };

    [[nodiscard]] dice& luck() { return stage_.around.luck; }
    void come_back() {
        stage_.around.after(luck().between(1, 2 * stage_.made.calm_between),
                            {.what = happening::trouble});
    }

    void collect(const troubles_wanted& wanted) {
        const auto add = [&](bool is_wanted, std::initializer_list<fault> kinds) {
            if (is_wanted) kinds_.insert(kinds_.end(), kinds);
        };
        crashes_ = wanted.crashes;
        add(wanted.connections,
            {fault::one_way_cut, fault::silent_cut, fault::chain, fault::flapping, fault::reset});
        add(wanted.clocks, {fault::clock_drift, fault::clock_jump, fault::pause});
        add(wanted.crashes, {fault::kill, fault::power_loss, fault::crash_at_an_effect,
                             fault::crash_at_an_effect, fault::pause});
        add(wanted.disks,
            {fault::bit_rot, fault::lost_writes, fault::misdirected_writes, fault::read_error,
             fault::write_error, fault::full_disk, fault::no_descriptors, fault::failing_sync,
             fault::slow_disk, fault::slow_disks_everywhere, fault::broken_snapshot_stream});
        add(wanted.losses_of_disks, {fault::wiped_disk, fault::power_loss});
    }

    void make(fault kind) {
        const auto place = static_cast<std::uint16_t>(luck().below(stage_.servers.size()));
        auto& s = *stage_.servers[place];
        switch (kind) {
        case fault::one_way_cut:
        case fault::silent_cut:
        case fault::chain:
        case fault::flapping:
        case fault::reset: return break_ways(kind, place);
        case fault::clock_drift:
        case fault::clock_jump:
        case fault::pause: return mislead(kind, s);
        case fault::kill:
        case fault::power_loss:
            if (luck().percent(15)) return end_some();
            if (s.is_up()) end(kind, place);
            return;
        case fault::crash_at_an_effect:
            s.device().effects_left = static_cast<std::uint64_t>(luck().between(1, 60));
            return;
        case fault::bit_rot:
        case fault::lost_writes:
        case fault::misdirected_writes:
        case fault::wiped_disk: return damage(kind, place);
        default: return trouble_disk(kind, s);
        }
    }

    void end(fault kind, std::uint16_t place) {
        count(kind, place);
        stage_.crash(place, kind == fault::kill ? ending::killed : ending::power_loss);
    }

    void count(fault kind, std::uint16_t place) { stage_.around.go_wrong(kind, place); }
    void end_later(relief what, moment least, moment most) {
        reliefs_.push_back(what);
        stage_.around.after(
            luck().between(least, most),
            {.what = happening::relief, .number = static_cast<std::uint32_t>(reliefs_.size() - 1)});
    }

    // ---------------------------------------------------------------------------------------- ways

    void break_ways(fault kind, std::uint16_t place) {
        const auto count_of = static_cast<std::uint16_t>(stage_.servers.size());
        const auto other = static_cast<std::uint16_t>(luck().below(count_of));
        if (other == place) return;
        count(kind, place);
        switch (kind) {
        case fault::reset: return stage_.net.reset(place, other);
        case fault::one_way_cut: stage_.net.cut(place, other); break;
        case fault::chain: cut_all_but_neighbours(count_of); break;
        case fault::flapping: return flap({kind, place, other, 9});
        default: isolate(place, count_of);
        }
        end_later({kind, place, other}, 50 * millisecond, 8 * second);
    }

    void isolate(std::uint16_t place, std::uint16_t count_of) {
        for (std::uint16_t other = 0; other < count_of; ++other) {
            if (other == place) continue;
            stage_.net.cut(place, other);
            stage_.net.cut(other, place);
        }
    }
    void cut_all_but_neighbours(std::uint16_t count_of) {
        for (std::uint16_t a = 0; a < count_of; ++a)
            for (std::uint16_t b = 0; b < count_of; ++b)
                if (a > b + 1 || b > a + 1) stage_.net.cut(a, b);
    }
    /// Cut, healed, cut again, a few times.
    void flap(relief what) {
        if (!stage_.is_troubled || what.left == 0) return stage_.net.heal_all();
        if (what.left % 2 != 0) {
            stage_.net.cut(what.place, what.other);
            stage_.net.cut(what.other, what.place);
        } else {
            stage_.net.heal(what.place, what.other);
            stage_.net.heal(what.other, what.place);
        }
        --what.left;
        end_later(what, 10 * millisecond, 600 * millisecond);
    }

    // ------------------------------------------------------------------------------ clocks, pauses

    /// Where leases are in use clocks keep the bound, as it is promised.
    void mislead(fault kind, server_type& s) {
        const bool keeps_bound = stage_.made.has_leases;
        if (kind == fault::clock_jump && keeps_bound) return;
        if (kind == fault::pause) {
            s.paused_until = stage_.around.now + luck().between(1, 5000) * millisecond;
            stage_.fates[s.place()].last_pause = s.paused_until;
        } else if (kind == fault::clock_jump) {
            s.time().jump(luck().between(1, 5000) * millisecond);
        } else {
            const std::int64_t most = keeps_bound ? drift_bound_ppm : 30'000;
            s.time().drift_from(stage_.around.now, luck().between(-most, most));
        }
        count(kind, s.place());
        if (s.is_up()) s.timer_at = server_type::never;
        stage_.arm_timer_of(s);
    }

    // --------------------------------------------------------------------------------------- disks

    void trouble_disk(fault kind, server_type& s) {
        auto& d = s.device();
        switch (kind) {
        case fault::read_error: d.read_errors = 20'000; break;
        case fault::write_error: d.write_errors = 5'000; break;
        case fault::failing_sync: d.sync_errors = 5'000; break;
        case fault::slow_disk:
            d.flush_takes = luck().between(1, 4000) * millisecond;
            count(kind, s.place());
            break;
        case fault::slow_disks_everywhere:
            stage_.slow_disks_until = stage_.around.now + luck().between(1, 6000) * millisecond;
            return count(kind, nowhere);
        case fault::full_disk:
            d.files.set_capacity(d.files.bytes_used() + luck().below(6000));
            count(kind, s.place());
            break;
        case fault::no_descriptors:
            d.files.set_open_files_max(luck().below(8));
            count(kind, s.place());
            break;
        default: s.stream_breaks = 100'000;
        }
        end_later({kind, s.place()}, 100 * millisecond, 6 * second);
    }

    void restore(server_type& s) {
        auto& d = s.device();
        d.read_errors = d.write_errors = d.sync_errors = s.stream_breaks = 0;
        d.flush_takes = 0;
        d.files.set_capacity(std::numeric_limits<std::uint64_t>::max());
        d.files.set_open_files_max(std::numeric_limits<std::size_t>::max());
    }

    /// The disk of a minority may be lost, or have other bits than were written. It is looked at
    /// when the server starts again.
    void damage(fault kind, std::uint16_t place) {
        auto& s = *stage_.servers[place];
        auto& known = stage_.fates[place];
        if (known.is_gone() || !stage_.may_be_damaged(place)) return;
        if (s.is_up()) end(luck().percent(50) ? fault::kill : fault::power_loss, place);
        if (kind == fault::wiped_disk) {
            count(known.is_founder ? fault::wiped_founder : fault::wiped_disk, place);
            s.wipe();
        } else if (!spoil(kind, s)) {
            return;
        }
        known.had_damage = true;
        if (luck().percent(50)) end_some();
    }

    /// The power fails in a part of the room: who comes back first is left to chance.
    void end_some() {
        for (std::uint16_t place = 0; place < stage_.servers.size(); ++place)
            if (stage_.is_up(place) && luck().percent(60)) end(fault::power_loss, place);
    }

    /// Another bit than was written, or a sector that a write had reported and has not reached.
    [[nodiscard]] bool spoil(fault kind, server_type& s) {
        auto& files = s.device().files;
        auto paths = files.paths();
        if (kind != fault::bit_rot)
            std::erase_if(paths,
                          [&](const auto& path) { return files.settled_sectors(path) == 0; });
        if (paths.empty()) return false;
        const auto& path = paths[luck().below(paths.size())];
        auto bytes = files.contents(path);
        if (bytes.empty()) return false;
        if (kind == fault::bit_rot)
            bytes[luck().below(bytes.size())] ^= std::byte{1} << luck().below(8);
        else
            misplace(kind, files.settled_sectors(path), bytes);
        files.replace(path, std::move(bytes));
        count(kind, s.place());
        return true;
    }

    /// What a sector had before stays, which is nothing; a misdirected write has hit another one.
    void misplace(fault kind, std::uint64_t settled, std::vector<std::byte>& bytes) {
        constexpr auto size = faulty_files::sector_bytes;
        const auto lost = bytes.begin() + static_cast<std::ptrdiff_t>(luck().below(settled) * size);
        const auto hit = bytes.begin() + static_cast<std::ptrdiff_t>(luck().below(settled) * size);
        if (kind == fault::misdirected_writes) std::copy_n(lost, size, hit);
        std::fill_n(lost, size, std::byte{});
    }

    stage_type& stage_;
    std::vector<fault> kinds_{};
    std::vector<relief> reliefs_{};
    bool crashes_ = false;
};

}  // namespace raft::testing::simulation
