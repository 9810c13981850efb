// SPDX-License-Identifier: BSL-1.0
//
// The page is page/page.html with its style, its program and the run in their places. The run is
// JSON: events are arrays of a moment, a server, a word for what happened, and its numbers.
#include "page.hpp"

#include <cstdio>
#include <string_view>
#include <type_traits>

#include <page_source.hpp>

namespace raft_page {

namespace {

class json {
public:
    json& number(auto value) { return element(std::to_string(value)); }
    json& text(std::string_view value) {
        separate();
        out_ += '"';
        for (const char each : value) put(each);
        out_ += '"';
        return *this;
    }
    json& key(const char* name) {
        text(name);
        out_ += ':';
        is_first_ = true;
        return *this;
    }
    json& open(char bracket) {
        separate();
        out_ += bracket;
        is_first_ = true;
        return *this;
    }
    json& close(char bracket) {
        out_ += bracket;
        is_first_ = false;
        return *this;
    }
    json& line() {
        separate();
        out_ += '\n';
        is_first_ = true;
        return *this;
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    json& element(const std::string& written) {
        separate();
        out_ += written;
        return *this;
    }
    void separate() {
        if (!is_first_) out_ += ',';
        is_first_ = false;
    }
    /// Nothing in it may end the element of the page that it stands in.
    void put(char each) {
        const auto code = static_cast<unsigned char>(each);
        if (each != '"' && each != '\\' && each != '<' && code >= 0x20) {
            out_ += each;
            return;
        }
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(code));
        out_ += escaped;
    }

    std::string out_{};
    bool is_first_ = true;
};

void write(json& out, const happened::stood& what) {
    out.text("stood").number(static_cast<unsigned>(what.as));
    out.number(what.term).number(what.voted_for);
}
void write(json& out, const happened::appended& what) {
    out.text("appended").number(what.first).number(what.last).number(what.term);
}
void write(json& out, const happened::cut_after& what) { out.text("cut").number(what.last); }
void write(json& out, const happened::compacted& what) {
    out.text("compacted").number(what.index).number(what.term);
}
void write(json& out, const happened::committed& what) { out.text("committed").number(what.index); }
void write(json& out, const happened::sent& what) { out.text("sent").number(what.message); }
void write(json& out, const happened::arrived& what) { out.text("arrived").number(what.message); }
void write(json& out, const happened::lost& what) { out.text("lost").number(what.message); }
void write(json& out, const happened::went_wrong& what) {
    out.text("fault").text(what.what).number(what.until);
}
void write(json& out, const happened::broke_rule& what) { out.text("violation").text(what.rule); }
void write(json& out, const happened::noted& what) { out.text("note").text(what.what); }

void write(json& out, const char* name, const std::vector<std::uint64_t>& ids) {
    out.key(name).open('[');
    for (const auto id : ids) out.number(id);
    out.close(']');
}

std::string json_of(const run& shown) {
    json out;
    out.open('{');
    out.key("title").text(shown.title);
    out.key("madeBy").text(shown.made_by);
    out.key("unit").text(shown.unit == time_unit::steps ? "step" : "ns");
    write(out, "servers", shown.servers);
    write(out, "others", shown.others);
    out.key("messages").open('[');
    for (const auto& each : shown.messages) {
        out.line().open('[').number(each.from).number(each.to);
        out.number(static_cast<unsigned>(each.what)).text(each.words).close(']');
    }
    out.close(']').key("events").open('[');
    for (const auto& each : shown.events) {
        out.line().open('[').number(each.at).number(each.server);
        std::visit([&](const auto& what) { write(out, what); }, each.what);
        out.close(']');
    }
    return out.close(']').close('}').take();
}

}  // namespace

std::string page_of(const run& shown) {
    std::string page;
    for (const auto part : source::before_the_run) page += part;
    page += json_of(shown);
    for (const auto part : source::after_the_run) page += part;
    return page;
}

bool write_page(const std::string& path, const run& shown) {
    const auto page = page_of(shown);
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    const bool written =
        file != nullptr && std::fwrite(page.data(), 1, page.size(), file) == page.size();
    const bool closed = file != nullptr && std::fclose(file) == 0;
    if (!written || !closed) std::fprintf(stderr, "cannot write %s\n", path.c_str());
    return written && closed;
}

}  // namespace raft_page
