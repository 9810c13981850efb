// SPDX-License-Identifier: BSL-1.0
//
// raft-kv: a replicated key-value store over the Redis protocol, to use and to learn from.
#include <cstdio>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>

#include "backup.hpp"
#include "command_end.hpp"
#include "commands.hpp"
#include "demo.hpp"
#include "init.hpp"
#include "process_setup.hpp"
#include "recover.hpp"
#include "restore.hpp"
#include "serve.hpp"

namespace {

constexpr std::string_view help_text =
    R"(usage: raft-kv serve --cluster FILE --id N --data DIR [options]
       raft-kv init --cluster FILE
       raft-kv backup --from HOST:PORT FILE
       raft-kv restore FILE --cluster FILE
       raft-kv recover --data DIR --id N [options]
       raft-kv demo [options]

  serve        runs one server of a replicated key-value store; see raft-kv serve --help
  init         lets a new cluster begin, once, when all its servers run
  backup       writes what a cluster holds into a file, while it runs
  restore      lets a new cluster begin with what such a file holds
  recover      makes one server's data a new cluster, when a majority is lost for good
  demo         starts three servers, writes to them, kills their leader, and checks what is left
  --help       this text
  --version    the version

A cluster file for three servers on one machine, each line `<id> <host> <peer-port> <client-port>`:

  1 127.0.0.1 7001 6001
  2 127.0.0.1 7002 6002
  3 127.0.0.1 7003 6003

All three are started, and `raft-kv init --cluster FILE` lets the cluster begin: once, not at
every start. Then `redis-cli -c -p 6001 set key value` works at any of them, and `raft help` tells
how servers are added, replaced and removed. A new one is started with --join.
)";

}  // namespace

int main(int count, char** words) {
    const std::span arguments{words, static_cast<std::size_t>(count)};
    const std::string_view command = arguments.size() > 1 ? arguments[1] : "";
    if (command == "serve") {
        raft_kv::end_at_once_when_told();
        raft_kv::keep_files_private();
        raft_kv::let_writes_fail();
        return raft_kv::serve(arguments.subspan(2));
    }
    if (command == "init") return raft_kv::init(arguments.subspan(2));
    if (command == "backup") {
        raft_kv::keep_files_private();
        raft_kv::let_writes_fail();
        return raft_kv::backup(arguments.subspan(2));
    }
    if (command == "restore") return raft_kv::restore(arguments.subspan(2));
    if (command == "recover") {
        raft_kv::keep_files_private();
        raft_kv::let_writes_fail();
        return raft_kv::recover(arguments.subspan(2));
    }
    if (command == "demo") {
        raft_kv::let_writes_fail();
        std::error_code unknown;
        const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
        return raft_kv::demo(arguments.subspan(2), unknown ? arguments[0] : self.c_str());
    }
    if (command == "--help") return raft_kv::print(help_text);
    if (command == "--version") return raft_kv::print("raft-kv " RAFT_KV_VERSION "\n");
    if (command.empty()) {
        std::fputs("raft-kv: a command is missing: serve, init, backup, restore, recover or demo\n",
                   stderr);
    } else {
        std::fprintf(stderr, "raft-kv: unknown command '%s'\n", arguments[1]);
    }
    std::fputs("See raft-kv --help.\n", stderr);
    return 2;
}
