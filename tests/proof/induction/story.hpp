// SPDX-License-Identifier: BSL-1.0
//
// How a step breaks the invariant, to be read.
#pragma once

#include <array>
#include <string>

#include <proof/induction/outcomes.hpp>

namespace raft::proof {

class induction_story {
public:
    void tell(const cluster_history& h, const char* rule) {
        line(rule);
        for (std::size_t term = 1; term < h.terms.size(); ++term) {
            if (h.terms[term] == cluster_history::term{}) continue;
            const auto& in = h.terms[term];
            text_ += "  term " + std::to_string(term) + ": leader " + name(in.leader) + " log " +
                     log(in.log) + ", votes";
            for (std::size_t v = 0; v < h.servers; ++v) text_ += " " + name(in.vote[v]);
            text_ += ", acknowledged";
            for (std::size_t v = 0; v < h.servers; ++v)
                text_ += " " + std::to_string(in.acknowledged[v]);
            line("");
        }
        text_ += "  current terms";
        for (std::size_t v = 0; v < h.servers; ++v)
            text_ += " " + std::to_string(h.current_term[v]);
        line("");
    }

    void tell(std::size_t i, const server_view& s) {
        text_ += "  server " + name(static_cast<small_number>(i)) + ": term " +
                 std::to_string(s.current_term) + " vote " + name(s.voted_for) + " log " +
                 log(s.log) + " commit " + std::to_string(s.commit_index);
        if (s.lacks_from > 0) text_ += ", lacks commands from " + std::to_string(s.lacks_from);
        if (s.lost_index > 0)
            text_ += ", lost what went to " + std::to_string(s.lost_index) + "/" +
                     std::to_string(s.lost_term);
        switch (s.is) {
        case server_view::role::follower:
            text_ += ", follows " + name(s.leader) + " verified " + std::to_string(s.matched_index);
            break;
        case server_view::role::candidate:
            text_ += ", stands, granted " + std::to_string(s.granted);
            break;
        case server_view::role::leader:
            text_ += ", leads, match";
            for (const auto match : s.match_index) text_ += " " + std::to_string(match);
            break;
        }
        line("");
    }

    void tell(const induction_input& in, const message_facts& facts) {
        static constexpr std::array names{
            "election timer", "heartbeat timer", "proposal",          "crash",
            "resignation",    "transfer to",     "loses its entries", "receives from"};
        text_ += std::string{"  "} + names[static_cast<std::size_t>(in.what)];
        if (in.what == induction_input::kind::transfer || in.what == induction_input::kind::deliver)
            text_ += " " + name(static_cast<small_number>(in.peer));
        if (in.what == induction_input::kind::deliver) tell_body(facts.example(in.fact));
        line("");
    }

    void tell(std::size_t from, std::size_t to, const core::message& body) {
        text_ += "  " + name(static_cast<small_number>(from)) + " to " +
                 name(static_cast<small_number>(to));
        tell_body(body);
        line("");
    }

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    void line(const char* words) { text_ += std::string{words} + "\n"; }

    [[nodiscard]] static std::string name(std::optional<small_number> server) {
        return server ? "s" + std::to_string(*server + 1) : "none";
    }
    [[nodiscard]] static std::string log(const small_log& of) {
        std::string result = "[";
        for (std::size_t k = 1; k <= of.length; ++k) result += std::to_string(of.term_at(k));
        return result + "]";
    }

    void tell_body(const core::message& body) {
        std::visit(
            [&](const auto& m) {
                text_ += ": term " + std::to_string(m.term.value) + " ";
                tell_rest(m);
            },
            body);
    }
    void tell_rest(const core::append_entries& m) {
        text_ += "append after " + std::to_string(m.prev.index.value) + "/" +
                 std::to_string(m.prev.term.value) + " to " + std::to_string(m.last_index.value) +
                 "/" + std::to_string(m.entries_term.value) + " commit " +
                 std::to_string(m.commit_index.value);
    }
    void tell_rest(const core::append_entries_reply& m) {
        text_ += "acknowledged " + std::to_string(m.match_index.value);
    }
    void tell_rest(const core::request_vote& m) {
        text_ += "vote wanted, log to " + std::to_string(m.last_log.index.value) + "/" +
                 std::to_string(m.last_log.term.value);
    }
    void tell_rest(const core::request_vote_reply& m) {
        text_ += m.granted ? "granted" : "refused";
    }
    void tell_rest(const core::append_entries_rejection&) { text_ += "rejected"; }
    void tell_rest(const auto&) { text_ += "something else"; }

    std::string text_{};
};

}  // namespace raft::proof
