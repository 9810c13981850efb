// SPDX-License-Identifier: BSL-1.0
//
// What the page calls. One world at a time; texts stay where they are until the next call.
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>

#include "stories.hpp"
#include "view.hpp"
#include "world.hpp"

#if defined(__wasm__)
#define RAFT_EXPORT(name) extern "C" __attribute__((export_name(#name)))

// Without these the module would ask its page for files to complain to.
void* operator new(std::size_t size) {
    if (void* const made = std::malloc(size)) return made;
    __builtin_trap();
}
void operator delete(void* made) noexcept { std::free(made); }
void operator delete(void* made, std::size_t) noexcept { std::free(made); }
[[noreturn]] void std::__libcpp_verbose_abort(const char*, ...) { __builtin_trap(); }
#else
#define RAFT_EXPORT(name) extern "C"
#endif

namespace {

using namespace raft_playground;

std::optional<world> now;
std::string told;

const char* tell(std::string text) {
    told = std::move(text);
    return told.c_str();
}

enum class action : std::uint32_t {
    crash,
    restart,
    stand,
    isolate,
    reach,
    cut,
    mend,
    heal,
    slow,
    fast,
    drop,
    snapshot,
    write,
    clients_on,
    clients_off,
    read,
    add,
    remove,
    stage,
};

/// `a` and `b`: servers, the number of a message, or of a story and its stage.
void act(world& all, action what, std::uint32_t a, std::uint32_t b) {
    const member_id one{a};
    const member_id other{b};
    switch (what) {
    case action::crash: return all.crash(one);
    case action::restart: return all.restart(one);
    case action::stand: return all.stand(one);
    case action::isolate: return all.isolate(one, true);
    case action::reach: return all.isolate(one, false);
    case action::cut: return all.cut(one, other, true);
    case action::mend: return all.cut(one, other, false);
    case action::heal: return all.heal();
    case action::slow: return all.slow_down(one, true);
    case action::fast: return all.slow_down(one, false);
    case action::drop: return all.drop(a);
    case action::snapshot: return all.take_snapshot(one);
    case action::write: return all.write();
    case action::clients_on: return all.let_clients_write(true);
    case action::clients_off: return all.let_clients_write(false);
    case action::read: return all.read(one);
    case action::add: return all.change_members(one, true);
    case action::remove: return all.change_members(one, false);
    case action::stage: return stories[a].stages[b].act(all);
    }
}

/// Whether there is what is meant: whatever a link says, nothing else is done.
bool makes_sense(action what, std::uint32_t a, std::uint32_t b) {
    const auto is_there = [](std::uint32_t id) {
        for (const auto each : now->servers().servers())
            if (each.value == id) return true;
        return false;
    };
    switch (what) {
    case action::heal:
    case action::drop:
    case action::write:
    case action::clients_on:
    case action::clients_off: return true;
    case action::cut:
    case action::mend: return a != b && is_there(a) && is_there(b);
    case action::add: return a >= 1 && a <= servers_max;
    case action::stage:
        return a < stories.size() && b < stories[a].stages.size() &&
               now->options().servers == stories[a].options.servers;
    default: return what <= action::stage && is_there(a);
    }
}

}  // namespace

/// Begins anew. `settings`: bit 0 pre-votes, bit 1 the leader's quorum is checked, bit 2 leases.
RAFT_EXPORT(begin)
std::int32_t begin(std::uint32_t servers, std::uint32_t seed, std::uint32_t settings) {
    if (servers < 3 || servers > servers_max || settings > 7) return 0;
    now.emplace(world_options{.servers = servers,
                              .seed = seed,
                              .pre_vote = (settings & 1U) != 0,
                              .check_quorum = (settings & 2U) != 0,
                              .leases = (settings & 4U) != 0});
    return 1;
}

/// Time goes on to `end`, in milliseconds since the world began.
RAFT_EXPORT(run_until)
void run_until(double end) {
    if (now && end >= 0 && end < 1e9)
        now->run_until(instant{static_cast<std::int64_t>(end) * 1'000'000});
}

/// When something happens next, in milliseconds; -1 if nothing does.
RAFT_EXPORT(next_at)
double next_at() {
    const auto when = now ? now->next_at() : std::nullopt;
    return when ? static_cast<double>((when->nanoseconds + 999'999) / 1'000'000) : -1;
}

/// One of the actions, by its number; 0 if there is none of this kind.
RAFT_EXPORT(act)
std::int32_t act(std::uint32_t what, std::uint32_t a, std::uint32_t b) {
    if (!now || !makes_sense(static_cast<action>(what), a, b)) return 0;
    act(*now, static_cast<action>(what), a, b);
    return 1;
}

RAFT_EXPORT(view)
const char* view() { return tell(now ? view_of(*now) : std::string{"null"}); }

/// What there is to say of the last action; empty if nothing.
RAFT_EXPORT(note)
const char* note() { return tell(now ? now->take_note() : std::string{}); }

RAFT_EXPORT(list_stories)
const char* list_stories() { return tell(list_of_stories()); }
