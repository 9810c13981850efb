// SPDX-License-Identifier: BSL-1.0
#include "backup_command.hpp"

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "redirect.hpp"

#include <raft/battery/file_storage/backup.hpp>

namespace raft_kv::commands {

namespace {

void as_bulk(reply_writer& reply, std::span<const std::byte> bytes) {
    reply.bulk({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void begin_backup(local_call& call) {
    const auto report = call.server.report();
    if (report.state_differs) return call.reply.error(differs_text);
    const auto last = report.snapshot;
    if (last == 0) return call.reply.error("NOCHANGE there is no snapshot yet; RAFT SNAPSHOT");
    auto opened =
        raft::backup::source::open(call.server.directory(), {last}, call.server.birth().history);
    if (const auto* wrong = std::get_if<raft::file_storage_error>(&opened))
        return call.reply.error("TRYAGAIN " + wrong->message);
    call.client.backup = std::make_shared<raft::backup::source>(std::get<0>(std::move(opened)));
    as_bulk(call.reply, raft::backup::encoded(call.client.backup->description()));
}

}  // namespace

void raft_backup(local_call& call) {
    if (call.words.size() == 2) return begin_backup(call);
    const auto offset = call.words.size() == 3 ? integer_in(call.words[2]) : std::nullopt;
    if (!offset || *offset < 0) return call.reply.error("ERR RAFT BACKUP takes an offset, or none");
    if (call.client.backup == nullptr)
        return call.reply.error("ERR this connection reads no snapshot; RAFT BACKUP begins");
    std::span<const std::byte> bytes;
    if (const auto failed =
            call.client.backup->read(static_cast<std::uint64_t>(*offset), backup_bytes_max, bytes))
        return call.reply.error("IOERR " + failed->message);
    as_bulk(call.reply, bytes);
}

}  // namespace raft_kv::commands
