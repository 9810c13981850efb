// SPDX-License-Identifier: BSL-1.0
//
// The text of a cluster file, which operators write. It is refused with a line that says why, or it
// is a layout in which each server has an address of its own; what is written of that is read as
// the same.
#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

#include <cluster_file.hpp>
#include <fuzz/target.hpp>

namespace raft::fuzz {
namespace {

using raft_kv::cluster_layout;
using raft_kv::layout_error;

void expect_sound(const cluster_layout& layout) {
    for (const auto& each : layout.servers) {
        expect(raft_kv::is_address(each), "a server has an address that others can be told");
        expect(layout.clash_with(each) == nullptr, "no two servers are at one port");
        expect(layout.find(each.id) != nullptr, "a server is found by its id");
    }
    const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
    expect(std::ranges::is_sorted(layout.servers, by_id), "servers are in the order of their ids");
}

}  // namespace

void try_input(std::span<const std::byte> input) {
    const std::string text{reinterpret_cast<const char*>(input.data()), input.size()};
    const auto parsed = raft_kv::parse_cluster(text);
    if (const auto* wrong = std::get_if<layout_error>(&parsed))
        return expect(!wrong->text.empty(), "a refusal has a reason");
    const auto& layout = std::get<cluster_layout>(parsed);
    expect_sound(layout);
    const auto written = raft_kv::cluster_text(layout.identity(), layout.servers);
    const auto again = raft_kv::parse_cluster(written);
    const auto* reread = std::get_if<cluster_layout>(&again);
    expect(reread != nullptr && reread->servers == layout.servers,
           "what is written is read as the same");
}

}  // namespace raft::fuzz
