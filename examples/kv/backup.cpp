// SPDX-License-Identifier: BSL-1.0
//
// One server is asked for a read that sees all that was acknowledged; then for a snapshot that
// covers what it has applied by then; and then for its bytes, while it goes on.
#include "backup.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "birth.hpp"
#include "command_end.hpp"
#include "demo/connection.hpp"
#include "demo/status.hpp"
#include "demo/wait.hpp"
#include "operator_flags.hpp"

#include <raft/battery/file_storage/backup.hpp>

namespace raft_kv {

namespace {

constexpr complainer complain{"backup"};
constexpr std::chrono::seconds patience{10};
constexpr std::array<std::string_view, 2> takes{"--from", "FILE"};

constexpr std::string_view help_text =
    R"(usage: raft-kv backup --from HOST:PORT FILE [options]

Writes a snapshot of what a cluster holds into FILE, while the cluster goes on. Every write that was
acknowledged before is in it. FILE must not be there yet. See raft-kv restore.

  --from HOST:PORT         where a server of the cluster answers clients; a follower will do
  --peer-secret-file FILE  the servers' own, if they have one; or else
  --requirepass-file FILE, --operatorpass-file FILE
  --wait-seconds N         how long to wait for a leader and for the snapshot (30)
  --help                   this text
)";

/// An error, or none.
using problem = std::optional<std::string>;

problem as_problem(const std::optional<raft::file_storage_error>& error) {
    return error ? problem{error->message} : std::nullopt;
}

class backup_client {
public:
    explicit backup_client(const operator_flags& flags)
        : wait_{flags.wait}
        , server_{
              {.id = 1, .host = flags.from.host, .peer_port = 1, .client_port = flags.from.port},
              patience} {}

    [[nodiscard]] problem enter(const keys& own) { return raft_kv::enter(server_, own); }

    /// From here on the server has applied whatever was acknowledged before.
    [[nodiscard]] problem see_all() {
        if (auto wrong = order({"READONLY"})) return wrong;
        if (auto wrong = order({"RAFT", "READS", "linearizable"})) return wrong;
        std::string said = "no answer";
        const auto seen = outside::eventually(wait_, [&] {
            const auto read = server_.call({"EXISTS", "backup"});
            if (read) said = read->text;
            return !server_.usable() || (read && !read->is_error());
        });
        if (!server_.usable()) return server_.error();
        return seen ? std::nullopt : problem{"no leader is known: " + said};
    }

    /// A snapshot that covers what is applied now.
    [[nodiscard]] problem await_snapshot() {
        std::optional<std::uint64_t> wanted;
        std::string said = "no answer";
        const auto is_there = outside::eventually(wait_, [&] {
            const auto answer = server_.call({"RAFT", "STATUS"});
            const auto status = answer ? outside::read_status(*answer) : std::nullopt;
            if (!status) return !server_.usable();
            if (!wanted) wanted = status->applied;
            if (status->snapshot >= *wanted) return true;
            const auto begun = server_.call({"RAFT", "SNAPSHOT"});
            if (begun) said = begun->text;
            return !server_.usable();
        });
        if (!server_.usable()) return server_.error();
        return is_there ? std::nullopt : problem{"the server has made no snapshot: " + said};
    }

    /// What the newest snapshot is; this connection reads that from then on. Another may just take
    /// its place.
    [[nodiscard]] std::variant<raft::backup::contents, std::string> begin() {
        std::optional<outside::answer> said;
        static_cast<void>(outside::eventually(wait_, [&] {
            said = server_.call({"RAFT", "BACKUP"});
            return !said || !said->text.starts_with("TRYAGAIN ");
        }));
        if (!said) return server_.error();
        if (said->is_error()) return said->text;
        auto read = raft::backup::decode_header(bytes_of(*said), "what the server says");
        if (const auto* wrong = std::get_if<raft::file_storage_error>(&read)) return wrong->message;
        return std::get<raft::backup::contents>(std::move(read));
    }

    [[nodiscard]] problem copy(const raft::backup::contents& what, raft::backup::writer& into) {
        for (std::uint64_t at = 0; at < what.state.size;) {
            const auto said = server_.call({"RAFT", "BACKUP", std::to_string(at)});
            if (!said) return server_.error();
            if (said->is_error()) return said->text;
            if (said->text.empty()) return "the snapshot ends too early";
            if (auto wrong = as_problem(into.append(bytes_of(*said)))) return wrong;
            at += said->text.size();
            tell_progress(at, what.state.size);
        }
        return as_problem(into.finish());
    }

private:
    [[nodiscard]] static std::span<const std::byte> bytes_of(const outside::answer& said) {
        return std::as_bytes(std::span{said.text});
    }

    [[nodiscard]] problem order(std::initializer_list<std::string_view> words) {
        const auto said = server_.call(words);
        if (!said) return server_.error();
        return said->is_error() ? problem{said->text} : std::nullopt;
    }

    /// Each tenth, once.
    void tell_progress(std::uint64_t done, std::uint64_t all) {
        const auto tenths = static_cast<unsigned>(done * 10 / all);
        if (tenths == told_) return;
        told_ = tenths;
        std::fprintf(stderr, "%u %%, %llu of %llu bytes\n", tenths * 10,
                     static_cast<unsigned long long>(done), static_cast<unsigned long long>(all));
    }

    std::chrono::seconds wait_;
    outside::connection server_;
    unsigned told_ = 0;
};

int save(const operator_flags& flags, const keys& own) {
    backup_client client{flags};
    if (const auto wrong = client.enter(own)) return complain(*wrong, failed);
    if (const auto wrong = client.see_all()) return complain(*wrong, failed);
    if (const auto wrong = client.await_snapshot()) return complain(*wrong, failed);
    const auto begun = client.begin();
    if (const auto* wrong = std::get_if<std::string>(&begun)) return complain(*wrong, failed);
    const auto& what = std::get<raft::backup::contents>(begun);
    raft::backup::writer writer;
    if (const auto wrong = writer.begin(flags.file, what)) return complain(wrong->message, failed);
    if (const auto wrong = client.copy(what, writer)) return complain(*wrong, failed);
    std::printf("%s: history %s up to entry %llu of term %llu, %llu bytes, checksum %08x\n",
                flags.file.c_str(), hex_text(what.history.value).c_str(),
                static_cast<unsigned long long>(what.state.last_included.index.value),
                static_cast<unsigned long long>(what.state.last_included.term.value),
                static_cast<unsigned long long>(what.state.size),
                static_cast<unsigned>(what.state.checksum));
    return 0;
}

}  // namespace

int backup(std::span<char*> arguments) {
    const auto parsed = parse_operator_flags(arguments, takes);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) return complain(*wrong, wrong_usage);
    const auto& flags = std::get<operator_flags>(parsed);
    if (flags.help) return print(help_text);
    const auto own = read_keys(flags.key_paths);
    if (const auto* wrong = std::get_if<std::string>(&own)) return complain(*wrong, failed);
    return save(flags, std::get<keys>(own));
}

}  // namespace raft_kv
