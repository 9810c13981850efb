// SPDX-License-Identifier: BSL-1.0
//
// A database of SQLite, as far as the storage of this folder needs one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace sqlite {

using bytes = std::vector<std::byte>;

/// What is written is durable when `run` returns, or, within a transaction, when that ends.
class database {
public:
    explicit database(const std::string& path) {
        sqlite3* opened = nullptr;
        const bool sound = sqlite3_open(path.c_str(), &opened) == SQLITE_OK;
        handle_.reset(opened);
        if (!sound || !run("PRAGMA synchronous = FULL") ||
            !run("CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB)") ||
            !run("CREATE TABLE IF NOT EXISTS log (place INTEGER PRIMARY KEY, frame BLOB)"))
            throw std::runtime_error{sqlite3_errmsg(opened)};
    }

    /// Runs a statement with these values, and calls `row` with each row of what it gives.
    template <class... Values>
    bool each(auto row, const char* sql, const Values&... values) {
        sqlite3_stmt* made = nullptr;
        if (sqlite3_prepare_v2(handle_.get(), sql, -1, &made, nullptr) != SQLITE_OK) return false;
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> made_until{made,
                                                                               sqlite3_finalize};
        int place = 0;
        (bind(made, ++place, values), ...);
        int step = sqlite3_step(made);
        for (; step == SQLITE_ROW; step = sqlite3_step(made)) row(made);
        return step == SQLITE_DONE;
    }
    template <class... Values>
    bool run(const char* sql, const Values&... values) {
        return each([](sqlite3_stmt*) {}, sql, values...);
    }

    static std::span<const std::byte> blob(sqlite3_stmt* row) {
        return {static_cast<const std::byte*>(sqlite3_column_blob(row, 0)),
                static_cast<std::size_t>(sqlite3_column_bytes(row, 0))};
    }

private:
    static void bind(sqlite3_stmt* to, int place, std::uint64_t value) {
        sqlite3_bind_int64(to, place, static_cast<std::int64_t>(value));
    }
    static void bind(sqlite3_stmt* to, int place, const char* value) {
        sqlite3_bind_text(to, place, value, -1, SQLITE_STATIC);
    }
    static void bind(sqlite3_stmt* to, int place, const bytes& value) {
        sqlite3_bind_blob64(to, place, value.data(), value.size(), SQLITE_STATIC);
    }
    struct close {
        void operator()(sqlite3* opened) const { sqlite3_close(opened); }
    };
    std::unique_ptr<sqlite3, close> handle_{};
};

}  // namespace sqlite
