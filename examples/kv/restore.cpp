// SPDX-License-Identifier: BSL-1.0
//
// The backup is read as a store, whose members' addresses are left out: they are those of another
// cluster. What is left is brought to all founders; then they begin.
#include "restore.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "command_end.hpp"
#include "founders.hpp"
#include "kv.hpp"
#include "operator_flags.hpp"

#include <raft/battery/file_storage/backup.hpp>

namespace raft_kv {

namespace {

constexpr complainer complain{"restore", "; nothing was changed"};
constexpr std::array<std::string_view, 2> takes{"--cluster", "FILE"};

constexpr std::string_view help_text =
    R"(usage: raft-kv restore FILE --cluster FILE [options]

A new cluster is born with the data of a backup: in place of raft-kv init, which see. All its
servers run, and have empty directories. It has a history of its own: the servers of the cluster
that was backed up, if they run, are strangers to it.

  --cluster FILE           the file that its servers were started with
  --peer-secret-file FILE  the same, if they were; or else
  --requirepass-file FILE, --operatorpass-file FILE
  --wait-seconds N         how long to wait for all of them to be there (30)
  --help                   this text
)";

/// The state in a backup, as the store reads it. What is wrong with the file stays to be told.
class backup_bytes {
public:
    explicit backup_bytes(raft::backup::reader& reader) : reader_{reader} {}

    [[nodiscard]] bool read(std::span<std::byte> into) {
        while (!into.empty()) {
            if (left_.empty() && !next()) return false;
            const auto part = left_.first(std::min(left_.size(), into.size()));
            std::ranges::copy(part, into.begin());
            left_ = left_.subspan(part.size());
            into = into.subspan(part.size());
        }
        return true;
    }

    /// All of it was read, and is as it was written.
    [[nodiscard]] bool at_end() { return left_.empty() && !next() && !wrong_; }
    [[nodiscard]] const std::optional<raft::file_storage_error>& wrong() const { return wrong_; }

private:
    [[nodiscard]] bool next() {
        wrong_ = reader_.next(left_);
        return !wrong_ && !left_.empty();
    }

    raft::backup::reader& reader_;
    std::span<const std::byte> left_{};
    std::optional<raft::file_storage_error> wrong_{};
};

/// Reads the whole file; what is wrong with it.
std::optional<std::string> read_backup(const std::string& path, raft::backup::reader& reader,
                                       kv& store) {
    if (const auto wrong = reader.open(path)) return wrong->message;
    backup_bytes bytes{reader};
    const auto is_store = store.restore(bytes) && bytes.at_end();
    if (bytes.wrong()) return bytes.wrong()->message;
    return is_store
               ? std::nullopt
               : std::optional{path + " is a backup, but not of raft-kv, or of another version"};
}

/// Sends to all founders what is written into it.
class upload {
public:
    upload(const founders& to, std::string token) : to_{to}, token_{std::move(token)} {}

    void write(std::span<const std::byte> bytes) {
        checksum_ = raft::wire::crc32c(bytes, checksum_);
        part_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (part_.size() >= part_bytes) send();
    }
    void end() {
        if (!part_.empty() || sent_ == 0) send();
    }

    [[nodiscard]] const std::optional<std::string>& wrong() const { return wrong_; }
    [[nodiscard]] std::uint64_t size() const { return sent_; }
    [[nodiscard]] std::uint32_t checksum() const { return checksum_; }

private:
    static constexpr std::size_t part_bytes = 512 * limits::kibibyte;

    void send() {
        if (!wrong_)
            wrong_ = to_.order_all({"RAFT", "BIRTH", "LOAD", token_, hex_text(sent_), part_});
        sent_ += part_.size();
        part_.clear();
        std::fprintf(stderr, "%llu bytes brought to each of %zu servers\n",
                     static_cast<unsigned long long>(sent_), to_.size());
    }

    const founders& to_;
    std::string token_;
    std::string part_{};
    std::uint64_t sent_ = 0;
    std::uint32_t checksum_ = 0;
    std::optional<std::string> wrong_{};
};

std::variant<founders::state, std::string>
load(const kv& store, const founders& to, std::string_view token, raft::core::log_position last) {
    auto saved = store.capture();
    saved.addresses.clear();
    upload bytes{to, std::string{token}};
    saved.save(bytes);
    bytes.end();
    if (bytes.wrong()) return *bytes.wrong();
    return founders::state{raft::core::snapshot_description{
        .last_included = last, .size = bytes.size(), .checksum = bytes.checksum()}};
}

int bear(const founders& all, const operator_flags& flags, const raft::backup::reader& reader,
         const kv& store) {
    const auto answers = all.await_all(flags.wait, [](std::string_view problem) {
        std::fprintf(stderr, "raft-kv restore: waiting: %.*s\n", static_cast<int>(problem.size()),
                     problem.data());
    });
    if (const auto* silent = std::get_if<std::string>(&answers)) return complain(*silent, failed);
    const auto& said = std::get<std::vector<birth_answer>>(answers);
    for (const auto& each : said)
        if (const auto* born = std::get_if<birth_record>(&each))
            return complain(
                "a server in the file is not empty: its cluster is born, with history " +
                    hex_text(born->history.value),
                failed);
    const auto& what = reader.description();
    const auto begun = all.let_begin(said, [&](std::string_view token) {
        return load(store, all, token, what.state.last_included);
    });
    if (const auto* wrong = std::get_if<std::string>(&begun)) return complain(*wrong, failed);
    const auto& [record, problems] = std::get<begun_cluster>(begun);
    std::printf("born: history %s, %zu servers, with what history %s was up to entry %llu\n",
                hex_text(record.history.value).c_str(), all.size(),
                hex_text(what.history.value).c_str(),
                static_cast<unsigned long long>(what.state.last_included.index.value));
    if (!problems.empty())
        std::printf("%s: it hears of the birth from the others\n", problems.c_str());
    return 0;
}

}  // namespace

int restore(std::span<char*> arguments) {
    const auto parsed = parse_operator_flags(arguments, takes);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) return complain(*wrong, wrong_usage);
    const auto& flags = std::get<operator_flags>(parsed);
    if (flags.help) return print(help_text);
    const auto all = founders_of(flags);
    if (const auto* wrong = std::get_if<std::string>(&all)) return complain(*wrong, failed);
    raft::backup::reader reader;
    kv store;
    if (const auto wrong = read_backup(flags.file, reader, store)) return complain(*wrong, failed);
    return bear(std::get<founders>(all), flags, reader, store);
}

}  // namespace raft_kv
