// SPDX-License-Identifier: BSL-1.0
//
// A sample of the transitions of an exploration, drawn from all of it. Each transition has a rank
// that follows from it and the seed, and those of the lowest ranks are kept: which they are depends
// neither on the number of threads nor on the order in which states are found.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <proof/explorer/encoding.hpp>

namespace raft::proof {

/// The successor `choice` of a state.
struct sampled_transition {
    std::uint64_t rank = 0;
    std::vector<std::uint8_t> state{};
    std::uint32_t choice = 0;
};

class transition_sample {
public:
    explicit transition_sample(std::size_t wanted, std::uint64_t seed)
        : wanted_{wanted}, seed_{seed} {}

    /// Any thread may call it.
    void offer(std::span<const std::uint8_t> state, std::uint64_t state_print,
               std::uint32_t choice) {
        constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
        const auto rank = detail::mix(state_print ^ (seed_ * odd), (choice + 1) * odd);
        if (rank >= limit_.load(std::memory_order_relaxed)) return;
        const std::lock_guard alone{guard_};
        kept_.push_back({rank, {state.begin(), state.end()}, choice});
        std::push_heap(kept_.begin(), kept_.end(), by_rank);
        if (kept_.size() <= wanted_) return;
        std::pop_heap(kept_.begin(), kept_.end(), by_rank);
        kept_.pop_back();
        limit_.store(kept_.empty() ? 0 : kept_.front().rank, std::memory_order_relaxed);
    }

    /// All that was kept, in the order of their ranks.
    [[nodiscard]] std::vector<sampled_transition> take() {
        auto all = std::exchange(kept_, {});
        std::sort(all.begin(), all.end(), by_rank);
        return all;
    }

private:
    static bool by_rank(const sampled_transition& a, const sampled_transition& b) {
        return a.rank < b.rank;
    }

    std::size_t wanted_;
    std::uint64_t seed_;
    std::mutex guard_{};
    std::atomic<std::uint64_t> limit_{~std::uint64_t{0}};
    std::vector<sampled_transition> kept_{};
};

/// A model whose transitions are offered to a sample, and that is otherwise the model that it is
/// made of.
template <class Model>
class sampled {
public:
    using state = typename Model::state;

    sampled(Model model, std::shared_ptr<transition_sample> sample)
        : model_{std::move(model)}, sample_{std::move(sample)} {}

    void initial_states(auto visit) { model_.initial_states(visit); }
    void successors(const state& now, auto visit) {
        std::uint32_t choice = 0;
        model_.successors(now, [&](const state& next, const char* wrong) {
            sample_->offer(bytes_, print_, choice++);
            visit(next, wrong);
        });
    }
    [[nodiscard]] const char* violation(const state& now) { return model_.violation(now); }
    void encode(const state& now, encoding& out) { model_.encode(now, out); }
    void decode(std::span<const std::uint8_t> bytes, state& now) {
        bytes_.assign(bytes.begin(), bytes.end());
        print_ = fingerprint(bytes);
        model_.decode(bytes, now);
    }

private:
    Model model_;
    std::shared_ptr<transition_sample> sample_;
    std::vector<std::uint8_t> bytes_{};  ///< Of the state that is expanded now.
    std::uint64_t print_ = 0;
};

/// Calls `visit(before, after)` for a transition of the sample.
template <class Model>
void retrace(Model& model, const sampled_transition& which, auto visit) {
    typename Model::state now{};
    model.decode(which.state, now);
    std::uint32_t left = which.choice;
    model.successors(now, [&](const auto& next, const char*) {
        if (left-- == 0) visit(now, next);
    });
}

}  // namespace raft::proof
