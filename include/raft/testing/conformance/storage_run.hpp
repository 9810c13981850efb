// SPDX-License-Identifier: BSL-1.0
//
// A storage that is opened, used as a node uses it, and opened again; and beside it what must be in
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/crc32c.hpp>
#include <raft/policy/storage.hpp>
#include <raft/testing/conformance/storage_clause.hpp>

namespace raft::testing::conformance {

template <class Command, class Make>
class storage_run {
    using place_type = std::invoke_result_t<Make&>;
    using opened = decltype(std::declval<place_type&>().open());

public:
    using storage_type = std::remove_reference_t<decltype(*std::declval<opened&>())>;
    using clause = storage_clause;
    static_assert(storage_for<storage_type, Command>);
    static constexpr bool can_crash = requires(place_type & place) {
        place.crash(std::uint64_t{});
    };

    static constexpr bool can_be_full =
        staging_storage<storage_type> && requires(place_type & place) {
        place.fill();
        place.make_room();
    };
    static constexpr bool can_fail = requires(place_type & place) { place.fail(); };

    storage_run(Make& make, std::span<const Command> commands, storage_report& report)
        : place_{make()}, commands_{commands}, report_{report} {
        open();
    }

    [[nodiscard]] storage_type& storage() { return **storage_; }
    [[nodiscard]] const recovered& found() const { return found_; }

    void open() {
        storage_.reset();
        storage_.emplace(place_.open());
        found_ = storage().recover();
        begun_ = {};
        durable_ = {};
        report_.check(clause::numbers_begin_anew, storage().progress().durable == begun_);
    }
    void crash(std::uint64_t seed) requires can_crash {
        place_.crash(seed);
        open();
    }

    /// Lets the storage do what it can; whether all that was begun is durable then.
    bool try_to_settle() {
        if constexpr (requires { place_.settle(storage()); }) place_.settle(storage());
        watch();
        return storage().progress() == storage_progress{begun_, false};
    }
    /// What was begun becomes durable.
    void settle() {
        report_.check(clause::becomes_durable, try_to_settle(),
                      "write " + std::to_string(begun_.value));
    }
    [[nodiscard]] place_type& place() { return place_; }
    /// Whether the storage says that there is room for the command that an entry would have.
    [[nodiscard]] bool has_room(const Command& command) {
        return storage().room() >= storage().size_of(command);
    }
    void settle_and_open() {
        settle();
        open();
    }

    [[nodiscard]] core::write_sequence next_write() {
        ++begun_.value;
        return begun_;
    }

    /// So many entries from `first` on, in `term`, for which the server has voted for itself.
    void write(std::uint64_t first, std::uint64_t count, std::uint64_t term,
               const core::indexed_configuration* members = nullptr,
               core::entry_source source = core::entry_source::proposed) {
        log_.resize(first - 1);
        for (std::uint64_t i = 0; i < count; ++i) {
            const bool is_members = members != nullptr && members->index.value == first + i;
            auto& added = log_.emplace_back(entry<Command>{.term = {term}});
            if (!is_members && source == core::entry_source::proposed)
                added.command = commands_[(first + i * 3 + term) % commands_.size()];
        }
        vote_ = {{term}, member_id{term % 3 + 1}};
        const core::append what{{first}, {first + count - 1}, {term}, source};
        storage().write({next_write(), vote_, what}, std::span{log_}.subspan(first - 1), members);
        watch();
    }
    void vote(std::uint64_t term) {
        vote_ = {{term}, member_id{2}};
        storage().write({next_write(), vote_, std::nullopt}, {}, nullptr);
        watch();
    }

    /// Progress only grows, and is never ahead.
    void watch() {
        const auto now = storage().progress();
        report_.check(clause::progress_is_of_what_was_begun,
                      now.durable >= durable_ && now.durable <= begun_);
        durable_ = now.durable;
    }

    [[nodiscard]] const std::vector<entry<Command>>& log() const { return log_; }
    [[nodiscard]] const core::hard_state& expected_vote() const { return vote_; }

    /// The first of these entries that is not as it was written; none if all are.
    [[nodiscard]] std::optional<std::uint64_t> wrong_entry(std::uint64_t first,
                                                           std::uint64_t last) {
        for (auto i = first; i <= last; ++i) {
            if (i <= found_.log_base.index.value) return i;
            const auto got = storage().entries({i}, {i}, all_bytes);
            if (got.size() != 1 || got.front() != log_[i - 1]) return i;
        }
        return std::nullopt;
    }
    void check_entries(clause which, std::uint64_t first, std::uint64_t last, bool opened_anew) {
        std::optional<std::uint64_t> wrong;
        if (opened_anew && found_.last_index.value < last) wrong = found_.last_index.value + 1;
        if (!wrong) wrong = wrong_entry(first, last);
        report_.check(which, !wrong, wrong ? "index " + std::to_string(*wrong) : "");
    }

    /// A snapshot is there: whole, as these bytes.
    [[nodiscard]] bool has_snapshot(core::log_position last, const configuration& members,
                                    const std::vector<std::byte>& bytes) {
        const auto kept = storage().snapshot();
        return kept && kept->members == members &&
               kept->description == describe_bytes(last, bytes) && read_all(7) == bytes;
    }
    [[nodiscard]] static core::snapshot_description
    describe_bytes(core::log_position last, const std::vector<std::byte>& bytes) {
        return {last, bytes.size(), wire::crc32c(bytes)};
    }
    /// The snapshot's bytes, in pieces; what is no piece ends it.
    [[nodiscard]] std::vector<std::byte> read_all(std::uint64_t piece_bytes) {
        std::vector<std::byte> all;
        for (;;) {
            const auto piece = storage().read_snapshot(all.size(), piece_bytes);
            if (piece.empty() || piece.size() > piece_bytes) return all;
            all.insert(all.end(), piece.begin(), piece.end());
        }
    }

    static constexpr auto all_bytes = std::numeric_limits<std::size_t>::max() / 2;

private:
    place_type place_;
    std::span<const Command> commands_;
    storage_report& report_;
    std::optional<opened> storage_{};
    recovered found_{};
    core::write_sequence begun_{};
    core::write_sequence durable_{};
    std::vector<entry<Command>> log_{};
    core::hard_state vote_{};
};

}  // namespace raft::testing::conformance
