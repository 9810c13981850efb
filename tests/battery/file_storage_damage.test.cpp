// SPDX-License-Identifier: BSL-1.0
//
// A torn tail is told from damage (B73, mutant 71): what an interrupted write leaves is cut off and
// reported; whatever else is not as it was written refuses to start, with the file and the place.
#include <functional>

#include <battery/file_storage_story.hpp>

using raft::log_index;
using raft::testing::faulty_files;
using story::first_segment;
using story::second_segment;
using story::teller;
using story::third_segment;

namespace {

const std::string snapshot = "data/snapshot-0000000000000014";
const std::string note = "data/newest-segment";

/// Two segments in use and one ahead, a snapshot, and writes of several kinds; the last write is a
/// batch of two records.
struct written {
    faulty_files files{};
    teller told{files};
    std::vector<std::byte> note_before_last{};  ///< As it was before the last write.

    written() {
        REQUIRE(told.open());
        story::tell_twenty_entries(told);
        told.save(20);
        told.flush();
        told.append(2, 21, 1, 700);
        told.flush();
        note_before_last = files.contents(note);
        told.append(2, 22, 2, 400);
        told.vote(3, 1);
        told.flush();
        REQUIRE(told.disk().error() == "");
        REQUIRE(files.contents(third_segment) == std::vector<std::byte>(4096));
    }

    /// The files with a change made to one of them.
    [[nodiscard]] faulty_files
    with(const std::string& path,
         const std::function<void(std::vector<std::byte>&)>& change) const {
        auto changed = files.after_kill();
        auto bytes = changed.contents(path);
        change(bytes);
        changed.replace(path, std::move(bytes));
        return changed;
    }
};

std::string refusal(const faulty_files& files) {
    teller t{files};
    return t.open() ? "" : t.error();
}

/// The first byte after the last record of the second segment.
std::size_t tail_of(const std::vector<std::byte>& segment) {
    auto end = segment.size();
    while (segment[end - 1] == std::byte{}) --end;
    return (end + 31) / 32 * 32;
}

void flip(std::vector<std::byte>& bytes, std::size_t at) { bytes[at] ^= std::byte{0x10}; }

void clear(std::vector<std::byte>& bytes, std::size_t begin, std::size_t end) {
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
              bytes.begin() + static_cast<std::ptrdiff_t>(end), std::byte{});
}

}  // namespace

TEST_CASE(
    "file storage damage: every flipped byte of a log refuses with the file, or loses nothing") {
    const written w;
    for (const auto& path : {first_segment, second_segment, third_segment}) {
        std::size_t refused = 0;
        const auto size = w.files.contents(path).size();
        for (std::size_t at = 0; at < size; ++at) {
            CAPTURE(path);
            CAPTURE(at);
            teller t{w.with(path, [&](auto& bytes) { flip(bytes, at); })};
            if (!t.open()) {
                ++refused;
                CHECK(t.error().starts_with(path));
                continue;
            }
            const auto all = story::read_back(t.disk(), t.found());
            CHECK(story::same_but_for_the_front(all, w.told.now()));
        }
        const auto used = path == third_segment ? 0 : tail_of(w.files.contents(path));
        CHECK(refused >= used);
    }
}

TEST_CASE("file storage damage: every flipped byte of a snapshot refuses with the file") {
    const written w;
    const auto size = w.files.contents(snapshot).size();
    for (std::size_t at = 0; at < size; ++at)
        CHECK(
            refusal(w.with(snapshot, [&](auto& bytes) { flip(bytes, at); })).starts_with(snapshot));
}

TEST_CASE("B73 file storage damage: a flipped byte in the middle is refused with its offset") {
    const written w;
    const auto message = refusal(w.with(first_segment, [](auto& bytes) { flip(bytes, 700); }));
    CHECK(message ==
          first_segment + " is damaged at offset 576: a record does not match its checksum");
}

TEST_CASE("B73 file storage damage: sectors of zeros before the last write are refused") {
    const written w;
    const auto tail = tail_of(w.files.contents(second_segment));
    for (std::size_t sector = 512; sector + 512 < tail - 512; sector += 512) {
        CAPTURE(sector);
        const auto message = refusal(
            w.with(second_segment, [&](auto& bytes) { clear(bytes, sector, sector + 512); }));
        CHECK(message.starts_with(second_segment + " is damaged at offset "));
    }
}

TEST_CASE("file storage damage: sectors of zeros in a segment that is not the last are refused") {
    const written w;
    const auto tail = tail_of(w.files.contents(first_segment));
    for (std::size_t sector = 0; sector < tail; sector += 512)
        CHECK(refusal(w.with(first_segment, [&](auto& bytes) {
                  clear(bytes, sector, std::min(sector + 512, bytes.size()));
              })) != "");
    CHECK(refusal(w.with(first_segment, [&](auto& bytes) { clear(bytes, 512, 4096); })) != "");
    CHECK(refusal(w.with(first_segment, [&](auto& bytes) { clear(bytes, 0, 4096); })) ==
          first_segment +
              " is damaged at offset 0: it is all zeros, but a later segment is in use");
}

TEST_CASE("B73 file storage damage: an interrupted last write is cut off, and the report says so") {
    const written w;
    // The last flush wrote the entries 22 and 23 and a vote, from here on.
    const auto tail = tail_of(w.files.contents(second_segment));
    const auto begin = tail - 64 - 896;
    const auto cut = (begin / 512 + 1) * 512;
    REQUIRE(cut < tail);
    auto files = w.with(second_segment, [&](auto& bytes) { clear(bytes, cut, bytes.size()); });
    CHECK(refusal(files.after_kill()).starts_with(second_segment + " is damaged"));
    files.replace(note, w.note_before_last);
    teller half{files};
    REQUIRE(half.open());
    CHECK(half.found().last_index == log_index{21});
    REQUIRE(half.disk().report().size() == 1);
    CHECK(
        half.disk().report()[0].starts_with(second_segment + ": the last write was not finished"));
    CHECK(half.disk().report()[0].find("from offset " + std::to_string(begin)) !=
          std::string::npos);

    // And what is written there next is not mixed up with what was cut off.
    half.begin_at(story::read_back(half.disk(), half.found()));
    half.append(3, 22, 1, 10);
    half.flush();
    CHECK(half.disk().error() == "");
}

TEST_CASE("B73 file storage damage: zeros that were written are not taken for a torn write") {
    faulty_files files;
    auto opened = raft::file_storage<std::string, faulty_files>::open(
        story::directory, story::small_segments(), files);
    auto& storage = std::get<0>(opened);
    static_cast<void>(storage.recover());
    const std::vector<story::entry> zeros{{{1}, std::string(2000, '\0')}};
    storage.write({.sequence = {1}, .entries = raft::core::append{{1}, {1}, {1}, {}}}, zeros,
                  nullptr);
    storage.flush();
    for (std::size_t at = 512; at < 2500; at += 13) {
        auto damaged = files.after_kill();
        auto bytes = damaged.contents(first_segment);
        flip(bytes, at);
        damaged.replace(first_segment, bytes);
        CHECK(refusal(damaged).starts_with(first_segment + " is damaged at offset 512"));
    }
    teller whole{files.after_kill()};
    REQUIRE(whole.open());
    CHECK(whole.disk().entries({1}, {1}, 1)[0] == zeros[0]);
}

TEST_CASE("file storage damage: stale records are never taken for the log") {
    // The same bytes at another place, or in another segment, are not a record.
    const written w;
    const auto tail = tail_of(w.files.contents(second_segment));
    CHECK(refusal(w.with(second_segment, [&](auto& bytes) {
              std::copy_n(bytes.begin() + 512, 512,
                          bytes.begin() + static_cast<std::ptrdiff_t>(tail));
          })) != "");
    auto files = w.files.after_kill();
    files.replace(third_segment, w.files.contents(second_segment));
    CHECK(refusal(files) ==
          third_segment + " is damaged at offset 16: it is another segment, under a wrong name");
}

TEST_CASE("file storage damage: a file that is too short is refused") {
    const written w;
    for (const std::size_t size : {1U, 100U, 511U, 512U, 1000U, 4095U})
        for (const auto& path : {first_segment, second_segment}) {
            CAPTURE(size);
            const auto message = refusal(w.with(path, [&](auto& bytes) { bytes.resize(size); }));
            CHECK(message.starts_with(path + " is damaged at offset " + std::to_string(size)));
        }
    for (const std::size_t size : {0U, 1U, 511U, 512U, 513U})
        CHECK(refusal(w.with(snapshot, [&](auto& bytes) {
                  bytes.resize(size);
              })).starts_with(snapshot));
}

TEST_CASE(
    "file storage damage: a segment ahead of use may be missing, short or longer than asked for") {
    const written w;
    for (const std::size_t size : {0U, 1U, 512U, 4095U, 8192U}) {
        teller t{w.with(third_segment, [&](auto& bytes) { bytes.assign(size, std::byte{}); })};
        CHECK(story::same_but_for_the_front(story::check_recovered(t, w.told), w.told.now()));
    }
    auto files = w.files.after_kill();
    files.erase(third_segment);
    teller t{files};
    CHECK(story::same_but_for_the_front(story::check_recovered(t, w.told), w.told.now()));
}

TEST_CASE("file storage damage: another format version is refused, and named") {
    const written w;
    const auto newer = [](auto& bytes) { bytes[8] = std::byte{7}; };
    CHECK(refusal(w.with(second_segment, newer)) ==
          second_segment + " has format version 7, this library reads versions up to 2");
    CHECK(refusal(w.with(snapshot, newer)) ==
          snapshot + " has format version 7, this library reads versions up to 2");
}

TEST_CASE("B72 file storage damage: missing files are refused, and named") {
    const written w;
    auto without_first = w.files.after_kill();
    without_first.erase(first_segment);
    CHECK(refusal(without_first) == "");  // The snapshot covers it.
    without_first = w.files.after_kill();
    without_first.erase(first_segment);
    without_first.erase(snapshot);
    CHECK(refusal(without_first).find("there is no snapshot of what was before") !=
          std::string::npos);

    auto without_log = w.files.after_kill();
    for (const auto& path : {first_segment, second_segment, third_segment}) without_log.erase(path);
    CHECK(refusal(without_log).find("the log is missing, and with it term and vote") !=
          std::string::npos);

    faulty_files files;
    teller t{files};
    REQUIRE(t.open());
    t.append(1, 1, 50, 200);
    t.flush();
    auto without_middle = files.after_kill();
    without_middle.erase(second_segment);
    CHECK(refusal(without_middle) ==
          second_segment + " is missing: there are segments before and after it");
}

TEST_CASE("file storage damage: files that are not the storage's are left alone") {
    const written w;
    auto files = w.files.after_kill();
    for (const auto* name : {"data/notes.txt", "data/log-1", "data/log-000000000000000X",
                             "data/snapshot-", "data/log-0000000000000001.bak"})
        files.replace(name, story::bytes_of("something"));
    teller t{files};
    CHECK(story::same_but_for_the_front(story::check_recovered(t, w.told), w.told.now()));
    CHECK(files.contents("data/notes.txt") == story::bytes_of("something"));
}
