// SPDX-License-Identifier: BSL-1.0
#include "recording.hpp"

#include <algorithm>
#include <utility>

#include <raft/codec/frame.hpp>
#include <raft/testing/replay/words.hpp>

namespace raft_sim {

namespace simulation = raft::testing::simulation;
namespace happened = raft_page::happened;

namespace {

constexpr std::uint64_t id_at(std::uint16_t place) {
    return place == simulation::nowhere ? 0 : place + std::uint64_t{1};
}

}  // namespace

raft_page::message recording::message_of(std::uint16_t from, std::uint16_t to,
                                         std::span<const std::byte> frame) {
    raft::wire::decoded<simulation::register_workload::command> read;
    if (raft::wire::decode_frame(frame, read))
        return {id_at(from), id_at(to), raft_page::message_class::other, "what nobody reads"};
    return {id_at(from), id_at(to), raft_page::class_of(read.body),
            raft::testing::in_words(read.body)};
}

void recording::on_sent(std::uint16_t from, std::uint16_t to, std::uint32_t number,
                        std::span<const std::byte> frame) {
    const auto message = run_.add(message_of(from, to, frame));
    on_their_way_[number] = message;
    sent_.push_back({stage_.around.now, id_at(from), happened::sent{message}});
}

void recording::on_lost(std::uint16_t from, std::uint16_t to, std::span<const std::byte> frame) {
    const auto message = run_.add(message_of(from, to, frame));
    sent_.push_back({stage_.around.now, id_at(from), happened::sent{message}});
    sent_.push_back({stage_.around.now, id_at(from), happened::lost{message}});
}

void recording::on_arrived(std::uint32_t number) {
    const auto message = on_their_way_.at(number);
    const auto to = run_.messages[message].to;
    if (stage_.is_up(static_cast<std::uint16_t>(to - 1)))
        run_.add(stage_.around.now, to, happened::arrived{message});
    else
        run_.add(stage_.around.now, to, happened::lost{message});
}

void recording::on_void(std::uint32_t number) {
    const auto message = on_their_way_.at(number);
    sent_.push_back({stage_.around.now, run_.messages[message].from, happened::lost{message}});
}

void recording::on_fault(simulation::fault kind, std::uint16_t place) {
    std::int64_t until = 0;
    if (kind == simulation::fault::pause) until = stage_.servers[place]->paused_until;
    faults_.push_back(
        {stage_.around.now, id_at(place), happened::went_wrong{std::string{name_of(kind)}, until}});
}

void recording::see_servers() {
    for (const auto& each : stage_.servers)
        if (each->is_up())
            servers_.see(stage_.around.now, each->id().value, each->state());
        else
            servers_.see_down(stage_.around.now, each->id().value);
}

void recording::append(std::vector<raft_page::event>& later) {
    run_.events.insert(run_.events.end(), later.begin(), later.end());
    later.clear();
}

void recording::on_event() {
    append(faults_);
    see_servers();
    append(sent_);
}

raft_page::run recording::finish() {
    on_event();
    stage_.around.seen_by = nullptr;
    for (const auto& each : stage_.servers) run_.servers.push_back(each->id().value);
    if (!stage_.around.violation.empty())
        run_.add(stage_.around.now, 0, happened::broke_rule{stage_.around.violation});
    return std::move(run_);
}

raft_page::run recorded(const raft::testing::simulator_options& wanted,
                        raft::testing::simulator_report& found) {
    raft::testing::simulator<> simulated{wanted};
    recording seen{simulated};
    found = simulated.run();
    return seen.finish();
}

}  // namespace raft_sim
