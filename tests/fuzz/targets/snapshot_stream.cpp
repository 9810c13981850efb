// SPDX-License-Identifier: BSL-1.0
//
// Snapshots as a follower receives them: a node over `file_storage` gets chunks of some snapshots
// in any order, from leaders that change their minds, and chunks that are lies; between them
// entries, flushes, full disks, kills and power failures. What it has installed is whole and has
// the checksum that was said, on the disk and in its state machine, also after each start.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fuzz/choices.hpp>
#include <fuzz/hostile_message.hpp>
#include <fuzz/stored_log.hpp>
#include <fuzz/target.hpp>

#include <raft/battery/manual_clock.hpp>
#include <raft/raft.hpp>

namespace raft::fuzz {
namespace {

using testing::faulty_files;

/// Its state is the bytes of the snapshot that it was restored from.
struct mirror {
    using command = std::string;
    using result = std::size_t;
    std::vector<std::byte> bytes{};

    std::size_t apply(log_index /*index*/, const std::string& more) { return more.size(); }
    void save(auto& sink) const { sink.write(std::span<const std::byte>{bytes}); }
    bool restore(auto& source) {
        bytes.clear();
        std::byte next{};
        while (source.read(std::span{&next, 1})) bytes.push_back(next);
        return true;
    }
};

struct silence {
    void send(std::span<const member_id>, const core::message&, const attachment<std::string>&) {}
    std::size_t room(member_id) { return 1; }
};

class follower {
    using server = node<mirror, silence, stored_log&, manual_clock&>;

public:
    follower() { start(); }

    void receive(member_id from, const core::message& body,
                 const core::indexed_configuration* members, std::span<const std::byte> chunk,
                 std::span<const text_entry> entries = {}) {
        node_->receive(from, body, {.entries = entries, .configuration = members, .chunk = chunk});
        check();
    }

    /// A leader of this term, or of a later one, sends an entry that follows the last one here.
    void receive_entry(member_id leader, std::uint64_t terms_later) {
        const auto& s = state();
        const core::append_entries body{.term = {s.current_term.value + terms_later},
                                        .prev = s.log.last(),
                                        .last_index = next(s.log.last_index()),
                                        .entries_term = {s.current_term.value + terms_later},
                                        .commit_index = s.log.last_index()};
        const text_entry one{body.entries_term, "entry"};
        if (body.term > term_number{}) receive(leader, body, nullptr, {}, {&one, 1});
    }

    void flush() {
        storage_->flush();
        node_->poll();
        check();
    }

    void let_time_pass(std::int64_t ms) {
        clock_.advance_to(clock_.now() + std::chrono::milliseconds{ms});
        node_->poll();
        check();
    }

    void end(bool by_power_failure) {
        node_.reset();
        storage_.reset();
        files_ = by_power_failure ? files_.after_power_loss({testing::survival::kind::lost})
                                  : files_.after_kill();
        start();
    }

    void fill_disk(std::uint64_t bytes_left) {
        files_.set_capacity(files_.bytes_used() + bytes_left);
    }
    void make_room() { files_.set_capacity(~std::uint64_t{0}); }

    [[nodiscard]] const core::state& state() const { return node_->protocol_state(); }

private:
    void start() {
        auto opened = stored_log::open(stored_directory, small_segments(), files_);
        expect(std::holds_alternative<stored_log>(opened), "what a crash left can be opened");
        storage_.emplace(std::get<stored_log>(std::move(opened)));
        node_.emplace(node_options{.id = {1},
                                   .initial = core::voters_only({{1}, {2}, {3}}),
                                   .birth = history_id{1},
                                   .config = {},
                                   .seed = 1},
                      mirror{}, silence{}, *storage_, clock_);
        expect(node_->start(), "a server starts with what a crash left");
        check();
    }

    void check() {
        expect(invariants(state()), "a state breaks its invariants");
        expect(storage_->error().empty() && !state().is_halted(), "no chunk halts a server");
        const auto kept = storage_->snapshot();
        if (!kept) return;
        const auto& said = kept->description;
        const auto bytes = storage_->read_snapshot(0, said.size);
        expect(bytes.size() == said.size && wire::crc32c(bytes) == said.checksum,
               "a snapshot on the disk is what its description says");
        const auto& restored = node_->state_machine().bytes;
        if (kept->withheld || said != state().snapshot || said.last_included != restored_at())
            return;
        expect(std::ranges::equal(restored, bytes), "a state is that of the snapshot");
    }

    /// Where the state machine is, if nothing was applied to it since.
    [[nodiscard]] core::log_position restored_at() const {
        return state().commit_index == state().snapshot.last_included.index
                   ? state().snapshot.last_included
                   : core::log_position{};
    }

    faulty_files files_{};
    manual_clock clock_{};
    std::optional<stored_log> storage_{};
    std::optional<server> node_{};
};

/// A snapshot that a leader offers: a few of them, so that chunks belong together.
struct offered {
    std::vector<std::byte> bytes{};
    core::log_position last_included{};
};

offered choose_offered(choices& chosen) {
    const auto which = chosen.below(6);
    return {std::vector<std::byte>(which * 41, static_cast<std::byte>('a' + which)),
            {{which * 7 + 1}, {which / 2 + 1}}};
}

void give_chunk(follower& to, choices& chosen) {
    const auto snapshot = choose_offered(chosen);
    const auto from = 32 * chosen.below(snapshot.bytes.size() / 32 + 1);
    const auto chunk = std::span<const std::byte>{snapshot.bytes}.subspan(
        from, std::min<std::size_t>(32 * chosen.below(9), snapshot.bytes.size() - from));
    const auto term = std::max(to.state().current_term, snapshot.last_included.term);
    const core::install_snapshot body{.term = {term.value + chosen.below(2)},
                                      .last_included = snapshot.last_included,
                                      .size = snapshot.bytes.size(),
                                      .offset = from,
                                      .length = static_cast<std::uint32_t>(chunk.size()),
                                      .checksum = wire::crc32c(snapshot.bytes)};
    const core::indexed_configuration members{{1}, core::voters_only({{1}, {2}, {3}})};
    to.receive({2 + chosen.below(2)}, body, &members, chunk);
}

/// Any fields, with bytes that need not be those that the checksum is of.
void give_lie(follower& to, choices& chosen) {
    number_source numbers{chosen, to.state()};
    field_filler filler{numbers, chosen};
    core::install_snapshot body;
    detail::each_field(filler, body);
    const auto chunk = chosen.take(chosen.below(40));
    body.length = static_cast<std::uint32_t>(chunk.size());
    if (chosen.flip()) body.size = body.offset + body.length + chosen.below(3);
    if (chosen.flip()) body.checksum = wire::crc32c(chunk);
    if (detail::find_fault(body, wire::frame_limits{})) return;
    const auto members = numbers.members();
    if (!members) return;
    const core::indexed_configuration beside{body.last_included.index, *members};
    to.receive({2 + chosen.below(2)}, body, &beside, chunk);
}

void go_on(follower& to, choices& chosen) {
    switch (chosen.below(12)) {
    case 0: return to.end(chosen.flip());
    case 1: return to.let_time_pass(std::int64_t{chosen.byte()} * 20);
    case 2: return to.fill_disk(chosen.number(2));
    case 3: return to.make_room();
    case 4: return to.receive_entry({2 + chosen.below(2)}, chosen.below(2));
    case 5: return give_lie(to, chosen);
    case 6:
    case 7:
    case 8: return to.flush();
    default: return give_chunk(to, chosen);
    }
}

}  // namespace

void try_input(std::span<const std::byte> input) {
    choices chosen{input};
    follower server;
    for (int left = 60; left > 0 && chosen.any_left(); --left) go_on(server, chosen);
}

}  // namespace raft::fuzz
