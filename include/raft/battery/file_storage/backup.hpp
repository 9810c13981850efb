// SPDX-License-Identifier: BSL-1.0
//
// Backups of what a cluster holds: a file with the state at one entry of the log, and what that is.
//
//     raft::backup::source            reads the newest snapshot of a `file_storage`, beside it
//     raft::backup::writer            writes the file; it has its name once it is whole and durable
//     raft::backup::reader            reads it, and verifies each byte
//     raft::backup::begin_from_state  makes an empty directory a server of another cluster, which
//                                     begins with that state and a history of its own
//
// A file is a header of one sector, then the state in blocks of 64 KiB, each with its checksum
// behind it. A checksum begins with that of the header and the block's number, so that no block
// passes for another's. Nothing here is for more than one thread at a time.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <unistd.h>

#include <raft/battery/file_storage.hpp>
#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/record.hpp>
#include <raft/battery/file_storage/snapshot_file.hpp>
#include <raft/policy/identity.hpp>

namespace raft::backup {

/// What a backup is of.
struct contents {
    history_id history{};              ///< Of the cluster that it was made of.
    core::snapshot_description state;  ///< After which entry, how many bytes, their checksum.
    configuration members{};           ///< Of that cluster then.
};

inline constexpr std::size_t header_bytes = wal::sector_bytes;
inline constexpr std::size_t block_bytes = 64 * 1024;
inline constexpr std::uint64_t magic = 0x70756B6274666172;  // "raftbkup"
inline constexpr std::uint32_t format_version = 1;

/// The header of a backup.
[[nodiscard]] inline std::vector<std::byte> encoded(const contents& what) {
    std::vector<std::byte> sector(header_bytes);
    wal::put(sector, 0, magic);
    wal::put(sector, 8, format_version);
    wal::put(sector, 16, what.history.value);
    wal::put(sector, 24, what.state.last_included.index.value);
    wal::put(sector, 32, what.state.last_included.term.value);
    wal::put(sector, 40, what.state.size);
    wal::put(sector, 48, what.state.checksum);
    wal::encode(what.members, std::span{sector}.subspan(56));
    wal::put(
        sector, 12,
        wire::crc32c(std::span{sector}.subspan(16), wire::crc32c(std::span{sector}.first(12))));
    return sector;
}

/// What a header says; or why it is none that this library reads, of a file with that name.
[[nodiscard]] inline std::variant<contents, file_storage_error>
decode_header(std::span<const std::byte> sector, const std::string& path) {
    if (sector.size() < header_bytes)
        return wal::damage(path, sector.size(), "the file ends too early");
    if (wal::get<std::uint64_t>(sector, 0) != magic)
        return file_storage_error{path + " is no backup: it does not begin as one does"};
    const auto version = wal::get<std::uint32_t>(sector, 8);
    if (version != format_version)
        return file_storage_error{path + " is a backup of format version " +
                                  std::to_string(version) + ", this library reads version " +
                                  std::to_string(format_version)};
    auto members = wal::decode_configuration(sector.subspan(56));
    if (wal::get<std::uint32_t>(sector, 12) !=
            wire::crc32c(sector.subspan(16), wire::crc32c(sector.first(12))) ||
        !members)
        return wal::damage(path, 0, "the header does not match its checksum");
    return contents{.history = {wal::get<std::uint64_t>(sector, 16)},
                    .state = {.last_included = {{wal::get<std::uint64_t>(sector, 24)},
                                                {wal::get<std::uint64_t>(sector, 32)}},
                              .size = wal::get<std::uint64_t>(sector, 40),
                              .checksum = wal::get<std::uint32_t>(sector, 48)},
                    .members = *std::move(members)};
}

namespace detail {

/// What the checksum of a block begins with.
[[nodiscard]] inline std::uint32_t block_seed(std::span<const std::byte> header,
                                              std::uint64_t block) {
    std::vector<std::byte> number(8);
    wal::put(number, 0, block);
    return wire::crc32c(number, wal::get<std::uint32_t>(header, 12));
}

}  // namespace detail

/// The newest snapshot in the directory of a `file_storage` that may be in use: it stays readable
/// here when another takes its place.
class source {
public:
    /// `last`: the entry that it ends with. It must be the newest, or not have gone yet.
    [[nodiscard]] static std::variant<source, file_storage_error>
    open(const std::string& directory, log_index last, history_id history) {
        source source;
        source.files_ = std::make_unique<wal::posix_files>();
        const auto path = wal::snapshot_path(directory, last);
        if (auto failed = file::open(*source.files_, path, source.file_)) return *std::move(failed);
        const auto& stored = source.file_->stored();
        if (stored.withheld)
            return file_storage_error{path + " is that of a witness: it has no state"};
        source.description_ = {history, stored.description, stored.members};
        return source;
    }

    [[nodiscard]] const contents& description() const { return description_; }

    /// Bytes of the state, verified; they are valid until the next call. Blocks for the disk.
    [[nodiscard]] std::optional<file_storage_error> read(std::uint64_t offset, std::uint64_t length,
                                                         std::span<const std::byte>& bytes) {
        return file_->read(offset, length, buffer_, bytes);
    }

private:
    using file = wal::snapshot_file<wal::posix_files>;

    std::unique_ptr<wal::posix_files> files_{};
    std::shared_ptr<const file> file_{};
    contents description_{};
    std::vector<std::byte> buffer_{};
};

/// Writes a backup under a name that ends in `.part`, and gives it its own when it is whole and
/// durable. Never replaces a file that has that name.
class writer {
public:
    writer() = default;
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;
    ~writer() {
        if (file_.is_open()) static_cast<void>(files_.remove(draft()));
    }

    [[nodiscard]] std::optional<file_storage_error> begin(std::string path, const contents& what) {
        path_ = std::move(path);
        if (::access(path_.c_str(), F_OK) == 0)
            return file_storage_error{path_ + " is there already, and is not overwritten"};
        if (auto failed = wal::check(
                wal::open_into(files_, draft(), wal::file_opening::fresh, file_), "write", draft()))
            return failed;
        header_ = encoded(what);
        size_ = what.state.size;
        return put(header_);
    }

    /// The next bytes of the state.
    [[nodiscard]] std::optional<file_storage_error> append(std::span<const std::byte> bytes) {
        taken_ += bytes.size();
        while (!bytes.empty()) {
            const auto part = bytes.first(std::min(bytes.size(), block_bytes - block_.size()));
            block_.insert(block_.end(), part.begin(), part.end());
            bytes = bytes.subspan(part.size());
            if (block_.size() == block_bytes)
                if (auto failed = end_block()) return failed;
        }
        return std::nullopt;
    }

    /// It is whole: as many bytes as were announced.
    [[nodiscard]] std::optional<file_storage_error> finish() {
        if (taken_ != size_)
            return file_storage_error{"the state has " + std::to_string(taken_) + " bytes, and " +
                                      std::to_string(size_) + " were announced"};
        if (!block_.empty())
            if (auto failed = end_block()) return failed;
        if (auto failed = wal::check(files_.sync(file_.handle()), "sync", draft())) return failed;
        // A link, unlike a renaming, replaces nothing.
        if (::link(draft().c_str(), path_.c_str()) != 0)
            return wal::system_failure("name", path_, errno);
        static_cast<void>(files_.remove(draft()));
        file_.close();
        const auto slash = path_.rfind('/');
        const auto directory = slash == path_.npos ? "." : path_.substr(0, slash + 1);
        return wal::check(files_.sync_directory(directory), "sync", directory);
    }

private:
    [[nodiscard]] std::string draft() const { return path_ + ".part"; }

    [[nodiscard]] std::optional<file_storage_error> put(std::span<const std::byte> bytes) {
        auto failed = wal::check(files_.write(file_.handle(), at_, bytes), "write", draft());
        at_ += bytes.size();
        return failed;
    }

    [[nodiscard]] std::optional<file_storage_error> end_block() {
        const auto checksum = wire::crc32c(block_, detail::block_seed(header_, blocks_++));
        block_.resize(block_.size() + sizeof(checksum));
        wal::put(block_, block_.size() - sizeof(checksum), checksum);
        auto failed = put(block_);
        block_.clear();
        return failed;
    }

    wal::posix_files files_{};
    std::string path_{};
    wal::open_file<wal::posix_files> file_{};
    std::vector<std::byte> header_{};
    std::vector<std::byte> block_{};
    std::uint64_t at_ = 0;
    std::uint64_t blocks_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t size_ = 0;
};

/// Reads a backup from its beginning to its end.
class reader {
public:
    /// Refuses what is no backup, is of another version, or has not the length that it says.
    [[nodiscard]] std::optional<file_storage_error> open(std::string path) {
        path_ = std::move(path);
        if (auto failed = wal::check(
                wal::open_into(files_, path_, wal::file_opening::read_only, file_), "open", path_))
            return failed;
        header_.resize(header_bytes);
        std::size_t got = 0;
        if (auto failed = wal::check(files_.read(file_.handle(), 0, header_, got), "read", path_))
            return failed;
        auto said = decode_header(std::span{header_}.first(got), path_);
        if (auto* wrong = std::get_if<file_storage_error>(&said)) return std::move(*wrong);
        description_ = std::get<contents>(std::move(said));
        return check_length();
    }

    [[nodiscard]] const contents& description() const { return description_; }

    /// The next bytes of the state, verified; they are valid until the next call. None: it is whole
    /// and has ended.
    [[nodiscard]] std::optional<file_storage_error> next(std::span<const std::byte>& bytes) {
        const auto left = description_.state.size - taken_;
        const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left, block_bytes));
        bytes = {};
        if (length == 0) return check_all();
        block_.resize(length + sizeof(std::uint32_t));
        const auto at = header_bytes + blocks_ * (block_bytes + sizeof(std::uint32_t));
        std::size_t got = 0;
        if (auto failed = wal::check(files_.read(file_.handle(), at, block_, got), "read", path_))
            return failed;
        if (got < block_.size()) return wal::damage(path_, at + got, "the file ends too early");
        const auto data = std::span{block_}.first(length);
        if (wire::crc32c(data, detail::block_seed(header_, blocks_)) !=
            wal::get<std::uint32_t>(block_, length))
            return wal::damage(path_, at, "a block does not match its checksum");
        ++blocks_;
        taken_ += length;
        checksum_ = wire::crc32c(data, checksum_);
        bytes = data;
        return std::nullopt;
    }

private:
    [[nodiscard]] std::optional<file_storage_error> check_length() {
        const auto size = description_.state.size;
        const auto blocks = size / block_bytes + (size % block_bytes != 0);
        const auto wanted = header_bytes + size + blocks * sizeof(std::uint32_t);
        std::uint64_t found = 0;
        if (auto failed = wal::check(files_.size(file_.handle(), found), "measure", path_))
            return failed;
        if (found < wanted) return wal::damage(path_, found, "the file ends too early");
        if (found > wanted) return wal::damage(path_, wanted, "the file goes on behind its end");
        return std::nullopt;
    }

    [[nodiscard]] std::optional<file_storage_error> check_all() const {
        if (checksum_ == description_.state.checksum) return std::nullopt;
        return wal::damage(path_, 48, "the state is another than the header says");
    }

    wal::posix_files files_{};
    std::string path_{};
    wal::open_file<wal::posix_files> file_{};
    std::vector<std::byte> header_{};
    std::vector<std::byte> block_{};
    contents description_{};
    std::uint64_t blocks_ = 0;
    std::uint64_t taken_ = 0;
    std::uint32_t checksum_ = 0;
};

namespace detail {

/// What begins with a state, and the writes that make it so, one after another.
template <class Command>
class beginning {
public:
    explicit beginning(file_storage<Command>& storage)
        : storage_{storage}, found_{storage.recover()} {}

    /// Whether the state, or what came after it, is there.
    [[nodiscard]] bool is_done(const core::snapshot_description& state) const {
        return found_.snapshot &&
               found_.snapshot->description.last_included.index >= state.last_included.index;
    }
    [[nodiscard]] bool is_empty() const {
        return !found_.snapshot && !found_.lost_through && found_.last_index == log_index{} &&
               !found_.vote.voted_for;
    }

    [[nodiscard]] bool keep_term(term_number term) {
        storage_.write({sequence_, core::hard_state{term, std::nullopt}, {}}, {}, nullptr);
        return is_durable();
    }
    [[nodiscard]] bool add(const core::snapshot_description& state, std::uint64_t at,
                           std::span<const std::byte> bytes) {
        storage_.write_chunk({sequence_, state, at, bytes.size()}, bytes);
        return is_durable();
    }
    [[nodiscard]] bool install(const core::snapshot_description& state,
                               const configuration& members) {
        storage_.install({sequence_, state}, members);
        return is_durable();
    }

private:
    [[nodiscard]] bool is_durable() {
        storage_.flush();
        const auto done = storage_.progress().durable >= sequence_;
        sequence_ = {sequence_.value + 1};
        return done;
    }

    file_storage<Command>& storage_;
    recovered found_;
    core::write_sequence sequence_{1};
};

}  // namespace detail

/// Makes an empty directory that of a server which begins with a state: as if it had received the
/// snapshot from a leader of `history`, which must be a new one, the same on all of its servers.
/// `read(offset, bytes)` fills `bytes` with the state from `offset` on, and is false if it cannot.
/// If this fails or is cut off, it is to be done again before a server starts there; where it is
/// done already, nothing is. A directory that holds anything else is refused. No storage may be
/// open on it. Blocks for the disk.
template <class Command, class Read>
[[nodiscard]] std::optional<file_storage_error>
begin_from_state(const std::string& directory, file_storage_options options, history_id history,
                 const core::snapshot_description& state, const configuration& members, Read read) {
    options.mode = flush_mode::manual;
    auto opened = file_storage<Command>::open(directory, std::move(options));
    if (auto* wrong = std::get_if<file_storage_error>(&opened)) return std::move(*wrong);
    auto& storage = std::get<file_storage<Command>>(opened);
    detail::beginning<Command> begun{storage};
    const auto is_other = storage.history() && *storage.history() != history;
    if (!is_other && begun.is_done(state)) return std::nullopt;
    if (is_other || !begun.is_empty())
        return file_storage_error{directory + " is not empty: nothing is restored into it"};
    const auto failure = [&] { return file_storage_error{storage.error()}; };
    if (!storage.keep_history(history)) return failure();
    std::vector<std::byte> chunk(16 * block_bytes);
    for (std::uint64_t at = 0; at < state.size; at += chunk.size()) {
        chunk.resize(
            static_cast<std::size_t>(std::min<std::uint64_t>(16 * block_bytes, state.size - at)));
        if (!read(at, std::span{chunk}))
            return file_storage_error{"the state to begin with cannot be read"};
        if (!begun.add(state, at, chunk)) return failure();
    }
    if (!begun.keep_term(state.last_included.term) || !begun.install(state, members))
        return failure();
    return std::nullopt;
}

}  // namespace raft::backup
