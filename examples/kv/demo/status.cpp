// SPDX-License-Identifier: BSL-1.0
//
// RAFT STATUS is an array of names, each followed by its value.
#include "status.hpp"

#include <string_view>

#include "../incarnation.hpp"

namespace raft_kv::outside {

namespace {

constexpr std::chrono::milliseconds answer_wait_max{1000};

std::optional<std::uint64_t> number_in(const answer& said) {
    if (said.what != answer::kind::integer) return std::nullopt;
    return static_cast<std::uint64_t>(said.number);
}

std::optional<std::uint64_t> server_in(const answer& said) {
    return said.what == answer::kind::text ? id_in(said.text) : std::nullopt;
}

std::vector<member_status> members_in(const answer& said) {
    std::vector<member_status> members;
    for (const auto& each : said.elements) {
        if (each.elements.size() < 4) continue;
        members.push_back({.id = server_in(each.elements[0]).value_or(0),
                           .address = each.elements[1].text,
                           .match = number_in(each.elements[2]),
                           .part = each.elements[3].text});
    }
    return members;
}

}  // namespace

std::optional<server_status> read_status(const answer& said) {
    if (said.what != answer::kind::array || said.elements.size() % 2 != 0) return std::nullopt;
    server_status status;
    for (std::size_t i = 0; i < said.elements.size(); i += 2) {
        const std::string_view name = said.elements[i].text;
        const auto& value = said.elements[i + 1];
        const auto number = number_in(value);
        if (name == "id") status.id = server_in(value).value_or(0);
        if (name == "role") status.role = value.text;
        if (name == "term") status.term = number.value_or(0);
        if (name == "leader") status.leader = server_in(value);
        if (name == "commit") status.commit = number.value_or(0);
        if (name == "applied") status.applied = number.value_or(0);
        if (name == "last") status.last = number.value_or(0);
        if (name == "snapshot") status.snapshot = number.value_or(0);
        if (name == "configuration") status.configuration = number.value_or(0);
        if (name == "changing") status.changing = number == 1;
        if (name == "members") status.members = members_in(value);
    }
    if (status.id == 0 || status.role.empty()) return std::nullopt;
    return status;
}

std::optional<server_status> status_of(const server_address& server) {
    connection asked{server, answer_wait_max};
    const auto said = asked.call({"RAFT", "STATUS"});
    return said ? read_status(*said) : std::nullopt;
}

}  // namespace raft_kv::outside
