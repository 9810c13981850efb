// SPDX-License-Identifier: BSL-1.0
#include "writes.hpp"

#include <utility>

#include "redirect.hpp"

namespace raft_kv {

namespace {
/// Longer than any election: a leader whose followers take nothing for so long will not soon.
constexpr std::chrono::seconds wait_for_majority_max{5};
}  // namespace

void writes::submit() {
    while (queue_.may_propose() && !is_stuck() && node_.has_room_for(queue_.next().bytes))
        propose(queue_.take());
    if (is_stuck()) give_up();
}

void writes::propose(std::unique_ptr<write_batch> batch) {
    auto bytes = std::move(batch->bytes);
    under_way_.push_back({batch.get(), clock::now()});
    ++done_.entries_proposed;
    auto then = [this, batch = std::move(batch)](const outcome& given) mutable {
        take_outcome(batch, given);
    };
    if (forwards_)
        node_.node().forward(std::move(bytes), std::move(then));
    else
        node_.node().propose(std::move(bytes), std::move(then));
}

bool writes::is_stuck() const {
    return !under_way_.empty() && clock::now() - under_way_.front().since >= wait_for_majority_max;
}

/// A leader that hears its followers leads on, though their disks take nothing. Clients are told
/// so, and what waits behind it is refused.
void writes::give_up() {
    const auto too_old = clock::now() - wait_for_majority_max;
    for (const auto& each : under_way_)
        if (each.since <= too_old) fail(*each.batch, no_majority_text, done_.writes_unknown);
    for (const auto& each : queue_.give_up()) fail(*each, given_up_text, done_.writes_refused);
}

void writes::fail(write_batch& batch, std::string_view text, std::uint64_t& count) {
    count += batch.writers.size();
    for (const auto& each : batch.writers) {
        each.by->write_failed(each.sequence, text);
        changed_(*each.by);
    }
    batch.writers.clear();
}

/// Called with a final outcome or, before that, with `unknown`: then the clients are told.
void writes::take_outcome(std::unique_ptr<write_batch>& batch, const outcome& given) {
    const auto is_this = [&](const batch_under_way& each) { return each.batch == batch.get(); };
    if (std::erase_if(under_way_, is_this) > 0) queue_.told();
    tell(*batch, given);
    node_.schedule_turn();
    if (!std::holds_alternative<raft::unknown>(given)) queue_.recycle(std::move(batch));
}

void writes::tell(write_batch& batch, const outcome& given) {
    if (std::holds_alternative<raft::lost>(given)) return fail(batch, lost_text, count_for(given));
    if (std::holds_alternative<raft::unknown>(given))
        return fail(batch, unknown_text, count_for(given));
    count_for(given) += batch.writers.size();
    const auto* done = std::get_if<raft::applied<kv::result>>(&given);
    for (std::size_t i = 0; i < batch.writers.size(); ++i) {
        const auto& [by, sequence] = batch.writers[i];
        if (done == nullptr)
            by->write_refused(sequence, std::get<raft::refusal>(given));
        else if (i < done->result.size())
            by->write_done(sequence, done->result[i]);
        else
            by->write_done(sequence, {.what = write_result::kind::malformed});
        changed_(*by);
    }
    batch.writers.clear();
}

std::uint64_t& writes::count_for(const outcome& given) {
    if (std::holds_alternative<raft::applied<kv::result>>(given)) return done_.writes_applied;
    if (std::holds_alternative<raft::refusal>(given)) return done_.writes_refused;
    if (std::holds_alternative<raft::lost>(given)) return done_.writes_lost;
    return done_.writes_unknown;
}

}  // namespace raft_kv
