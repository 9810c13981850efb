// SPDX-License-Identifier: BSL-1.0
//
// A storage of one's own: log, vote and snapshot lie in a database of SQLite. They are in memory,
// too, which answers whatever is read. A write is a transaction that is durable when it returns,
// for which the node waits. A storage with a thread, as `file_storage` is, would begin the write,
// and say in `progress` how far it has come.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "database.hpp"

#include <raft/battery/memory_storage.hpp>
#include <raft/codec.hpp>
#include <raft/raft.hpp>

namespace sqlite {

/// An entry, and a snapshot, lie in the database as the messages that would bring them.
template <class Command>
class storage : raft::memory_storage<Command> {
    using memory = raft::memory_storage<Command>;
    using entries_view = std::span<const raft::entry<Command>>;
    using blob = std::span<const std::byte>;
    using frame_type = raft::wire::decoded<Command>;

public:
    using memory::entries, memory::read_snapshot, memory::recover, memory::room, memory::size_of,
        memory::snapshot;
    /// What is not whole is received anew after a restart.
    using memory::write_chunk;

    explicit storage(const std::string& path) : file_{path} {
        const auto read = [&](const char* sql, auto take) {
            return file_.each([&](auto* row) { failed_ |= !take(file_.blob(row)); }, sql);
        };
        const bool sound =
            read("SELECT value FROM kept WHERE name = 'history'",
                 [&](blob found) {
                     const auto history = raft::codec<raft::history_id>::decode(found);
                     return history && memory::keep_history(*history);
                 }) &&
            read("SELECT value FROM kept WHERE name = 'snapshot'",
                 [&](blob found) {
                     return !decode_frame(found, frame_) && take_snapshot(frame_);
                 }) &&
            read("SELECT frame FROM log ORDER BY place",
                 [&](blob found) { return !decode_frame(found, frame_) && take_entry(frame_); }) &&
            read("SELECT value FROM kept WHERE name = 'vote'", [&](blob found) {
                const auto vote = raft::codec<raft::core::hard_state>::decode(found);
                if (vote) memory::write({{}, *vote, {}}, {}, nullptr);
                return vote.has_value();
            });
        if (!sound || failed_) throw std::runtime_error{path + " is damaged"};
    }

    [[nodiscard]] bool keep_history(raft::history_id history) {
        change([&] { return keep("history", history); });
        return memory::keep_history(history) && !failed_;
    }
    void write(const raft::core::log_write& begun, entries_view added,
               const raft::core::indexed_configuration* members) {
        change([&] {
            if (begun.vote && !keep("vote", *begun.vote)) return false;
            if (!begun.entries) return true;
            auto place = begun.entries->first;
            bool done = file_.run("DELETE FROM log WHERE place >= ?", place.value);
            for (const auto& each : added) {
                const bool is_members = members != nullptr && members->index == place;
                done = done && keep_entry(place, each, is_members ? members : nullptr);
                place = next(place);
            }
            return done;
        });
        memory::write(begun, added, members);
    }
    void discard(raft::log_index through) {
        change([&] { return file_.run("DELETE FROM log WHERE place <= ?", through.value); });
        memory::discard(through);
    }
    [[nodiscard]] raft::storage_progress progress() const {
        return failed_ ? raft::storage_progress{{}, true} : memory::progress();
    }

    void save(raft::core::log_position last, const raft::configuration& members, const auto& fill) {
        memory::save(last, members, fill);
        change([&] { return keep_snapshot(); });
    }
    void install(const raft::core::snapshot_install& begun, const raft::configuration& members) {
        memory::install(begun, members);
        const auto through = begun.snapshot.last_included.index.value;
        const char* gone =
            begun.keep_suffix ? "DELETE FROM log WHERE place <= ?" : "DELETE FROM log WHERE ? >= 0";
        change([&] { return keep_snapshot() && file_.run(gone, through); });
    }

private:
    /// All that `make` does, or nothing. After a failure nothing is written any more.
    void change(auto make) {
        if (failed_) return;
        failed_ = !file_.run("BEGIN") || !make() || !file_.run("COMMIT");
    }
    template <class T>
    bool keep(const char* name, const T& value) {
        bytes written(raft::codec<T>::size(value));
        raft::codec<T>::encode(value, written);
        return file_.run("INSERT OR REPLACE INTO kept VALUES (?, ?)", name, written);
    }
    bool keep_entry(raft::log_index place, const raft::entry<Command>& one,
                    const raft::core::indexed_configuration* members) {
        bytes frame;
        const raft::core::append_entries brings{one.term, {previous(place), {}}, place, one.term};
        const raft::attachment<Command> beside{{&one, 1}, members};
        return !raft::wire::append_frame(frame, brings, beside) &&
               file_.run("INSERT INTO log VALUES (?, ?)", place.value, frame);
    }
    bool take_entry(const frame_type& found) {
        const auto* m = std::get_if<raft::core::append_entries>(&found.body);
        if (m == nullptr) return false;
        if (m->last_index > memory::recover().log_base.index)
            memory::write({{}, {}, raft::core::append{m->last_index, m->last_index, m->term}},
                          found.entries, found.configuration ? &*found.configuration : nullptr);
        return true;
    }

    bool keep_snapshot() {
        const auto kept = memory::snapshot();
        const auto& [last, size, checksum] = kept->description;
        const auto all = memory::read_snapshot(0, size);
        const raft::core::indexed_configuration members{last.index, kept->members};
        bytes frame;
        const raft::core::install_snapshot brings{
            last.term, last, size, 0, static_cast<std::uint32_t>(size), checksum};
        const raft::attachment<Command> beside{{}, &members, all};
        return !raft::wire::append_frame(frame, brings, beside) &&
               file_.run("INSERT OR REPLACE INTO kept VALUES ('snapshot', ?)", frame);
    }
    bool take_snapshot(const frame_type& found) {
        const auto* m = std::get_if<raft::core::install_snapshot>(&found.body);
        if (m == nullptr || !found.configuration) return false;
        const raft::core::snapshot_description kept{m->last_included, m->size, m->checksum};
        memory::write_chunk({{}, kept, 0, m->size}, found.chunk);
        memory::install({{}, kept}, found.configuration->value);
        return true;
    }

    database file_;
    frame_type frame_{};
    bool failed_ = false;
};

}  // namespace sqlite
