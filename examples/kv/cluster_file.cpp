// SPDX-License-Identifier: BSL-1.0
//
// Reads the cluster file. Every line is checked, and the first that is wrong is named.
#include "cluster_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>

#include "incarnation.hpp"

namespace raft_kv {

namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr std::size_t host_bytes_max = 255;

using fields = std::vector<std::string_view>;
using problem = std::optional<std::string>;

fields fields_of(std::string_view line) {
    constexpr std::string_view blanks = " \t\r\v\f";
    fields found;
    line = line.substr(0, line.find('#'));
    for (auto begin = line.find_first_not_of(blanks); begin != line.npos;) {
        const auto end = std::min(line.find_first_of(blanks, begin), line.size());
        found.push_back(line.substr(begin, end - begin));
        begin = line.find_first_not_of(blanks, end);
    }
    return found;
}

std::string quoted(std::string_view field) {
    constexpr std::size_t shown_max = 40;
    std::string text{"'"};
    for (const auto byte : field.substr(0, shown_max))
        text.push_back(byte >= ' ' && byte <= '~' ? byte : '?');
    return text + (field.size() > shown_max ? "…'" : "'");
}

template <class Integer>
std::optional<Integer> number_in(std::string_view field) {
    Integer value = 0;
    const auto end = field.data() + field.size();
    const auto parsed = std::from_chars(field.data(), end, value);
    if (parsed.ec != std::errc{} || parsed.ptr != end || value == 0) return std::nullopt;
    return value;
}

problem read_port(std::string_view field, const char* which, std::uint16_t& port) {
    const auto number = number_in<std::uint16_t>(field);
    if (!number)
        return "the " + std::string{which} + " port " + quoted(field) +
               " is not between 1 and 65535";
    port = *number;
    return std::nullopt;
}

bool is_host(std::string_view field) {
    return field.size() <= host_bytes_max && std::ranges::all_of(field, [](char byte) {
               return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                      (byte >= 'A' && byte <= 'Z') || byte == '.' || byte == '-' || byte == '_' ||
                      byte == ':' || byte == '%';
           });
}

problem read_server(const fields& line, server_address& server) {
    if (line.size() != 4 && line.size() != 5)
        return "expected <id> <host> <peer-port> <client-port> [<tls-port>], got " +
               std::to_string(line.size()) + (line.size() == 1 ? " field" : " fields");
    const auto id = id_in(line[0]);
    if (!id) return "the id " + quoted(line[0]) + " is not a number from 1 on";
    auto address = parse_address(*id, std::span{line}.subspan(1));
    if (auto* wrong = std::get_if<std::string>(&address)) return std::move(*wrong);
    server = std::get<server_address>(std::move(address));
    return std::nullopt;
}

using ports = std::array<std::uint16_t, 3>;

ports ports_of(const server_address& server) {
    return {server.peer_port, server.client_port, server.tls_port};
}

/// The first port that both have; 0: there is none.
std::uint16_t shared_port(const server_address& a, const server_address& b) {
    if (a.host != b.host) return 0;
    for (const auto port : ports_of(a))
        if (port != 0 && std::ranges::count(ports_of(b), port) != 0) return port;
    return 0;
}

bool share_a_port(const server_address& a, const server_address& b) {
    return shared_port(a, b) != 0;
}

/// One takes the other's place: they are never there at once.
bool are_incarnations_of_one(const server_address& a, const server_address& b) {
    return number_of(a.id) == number_of(b.id);
}

/// A server may have no id twice, and no address that is taken, be it for peers or for clients.
problem conflict(const std::vector<server_address>& servers, const server_address& added,
                 std::size_t servers_max) {
    if (servers.size() == servers_max)
        return "more than " + std::to_string(servers_max) + " servers";
    for (const auto& other : servers) {
        if (other.id == added.id) return "the id " + id_text(added.id) + " is there twice";
        if (are_incarnations_of_one(other, added)) continue;
        if (const auto port = shared_port(added, other); port != 0)
            return "the address " + host_and_port(added.host, port) + " is there twice";
    }
    return std::nullopt;
}

problem read_name(const fields& line, std::string& name) {
    if (line.size() != 2) return "expected cluster <name>";
    if (!name.empty()) return "the cluster has a name already";
    name = line[1];
    return std::nullopt;
}

/// The identity that a name is, if it is one.
std::optional<std::uint64_t> identity_in(std::string_view name) {
    constexpr std::string_view mark = "id:";
    constexpr std::size_t digits = 16;
    if (!name.starts_with(mark) || name.size() != mark.size() + digits) return std::nullopt;
    std::uint64_t value = 0;
    const auto end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + mark.size(), end, value, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return value;
}

void mix(std::uint64_t& hash, std::string_view bytes) {
    for (const auto byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    hash *= 0x100000001b3;
}

}  // namespace

const server_address* cluster_layout::find(std::uint64_t id) const {
    const auto found = std::ranges::find(servers, id, &server_address::id);
    return found == servers.end() ? nullptr : &*found;
}

const server_address* cluster_layout::clash_with(const server_address& added) const {
    const auto found = std::ranges::find_if(servers, [&](const server_address& other) {
        return share_a_port(other, added) && !are_incarnations_of_one(other, added);
    });
    return found == servers.end() ? nullptr : &*found;
}

void cluster_layout::put(server_address added) {
    std::erase_if(servers, [&](const server_address& other) {
        return other.id == added.id ||
               (share_a_port(other, added) && !are_incarnations_of_one(other, added));
    });
    const auto place = std::ranges::lower_bound(servers, added.id, {}, &server_address::id);
    servers.insert(place, std::move(added));
}

std::uint64_t cluster_layout::identity() const {
    if (const auto known = identity_in(name)) return *known;
    std::uint64_t hash = 0xcbf29ce484222325;
    if (!name.empty()) {
        mix(hash, name);
        return hash;
    }
    for (const auto& server : servers) {
        mix(hash, std::to_string(server.id));
        mix(hash, host_and_port(server.host, server.peer_port));
    }
    return hash;
}

std::variant<cluster_layout, layout_error> parse_cluster(std::string_view text,
                                                         std::size_t servers_max) {
    cluster_layout layout;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = fields_of(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;
        server_address server;
        auto wrong =
            line[0] == "cluster" ? read_name(line, layout.name) : read_server(line, server);
        if (!wrong && line[0] != "cluster") wrong = conflict(layout.servers, server, servers_max);
        if (wrong) return layout_error{"line " + std::to_string(number) + ": " + *wrong};
        if (line[0] != "cluster") layout.servers.push_back(server);
    }
    if (layout.servers.empty()) return layout_error{"there is no server in it"};
    std::ranges::sort(layout.servers, {}, &server_address::id);
    return layout;
}

std::variant<server_address, std::string> parse_address(std::uint64_t id,
                                                        std::span<const std::string_view> words) {
    const auto host = words[0];
    server_address server{.id = id, .host = std::string{host}};
    if (host.empty() || !is_host(host))
        return "the host " + quoted(host) + " is no host name or address";
    if (auto wrong = read_port(words[1], "peer", server.peer_port)) return *std::move(wrong);
    if (auto wrong = read_port(words[2], "client", server.client_port)) return *std::move(wrong);
    if (server.peer_port == server.client_port)
        return "the peer port and the client port are the same";
    if (words.size() < 4) return server;
    if (auto wrong = read_port(words[3], "TLS", server.tls_port)) return *std::move(wrong);
    if (server.tls_port == server.peer_port || server.tls_port == server.client_port)
        return "the TLS port is that of the peers, or of clients without TLS";
    return server;
}

bool is_address(const server_address& server) {
    auto text = std::array{server.host, std::to_string(server.peer_port),
                           std::to_string(server.client_port), std::to_string(server.tls_port)};
    const std::vector<std::string_view> words{text.begin(), text.end()};
    const auto read =
        parse_address(server.id, std::span{words}.first(server.tls_port != 0 ? 4 : 3));
    return std::holds_alternative<server_address>(read) && id_in(id_text(server.id)) == server.id;
}

std::string name_of_identity(std::uint64_t identity) {
    char name[32];
    std::snprintf(name, sizeof(name), "id:%016llx", static_cast<unsigned long long>(identity));
    return name;
}

std::string cluster_text(std::uint64_t identity, const std::vector<server_address>& servers) {
    auto text = "cluster " + name_of_identity(identity) + "\n";
    for (const auto& each : servers)
        text += id_text(each.id) + " " + each.host + " " + std::to_string(each.peer_port) + " " +
                std::to_string(each.client_port) +
                (each.tls_port != 0 ? " " + std::to_string(each.tls_port) : "") + "\n";
    return text;
}

cluster_layout combined(const cluster_layout& others, const std::vector<server_address>& agreed) {
    auto all = others;
    for (const auto& each : agreed) all.put(each);
    const auto is_other = [&](const server_address& each) {
        return std::ranges::find(agreed, each) == agreed.end();
    };
    while (all.servers.size() > known_servers_max) {
        const auto last = std::find_if(all.servers.rbegin(), all.servers.rend(), is_other);
        if (last == all.servers.rend()) break;
        all.servers.erase(std::next(last).base());
    }
    return all;
}

std::variant<cluster_layout, layout_error> read_cluster_file(const std::string& path) {
    const auto close = [](std::FILE* file) { std::fclose(file); };
    const std::unique_ptr<std::FILE, decltype(close)> file{std::fopen(path.c_str(), "rb"), close};
    if (!file) return layout_error{std::strerror(errno)};
    std::string text(file_bytes_max + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) return layout_error{std::strerror(errno)};
    if (text.size() > file_bytes_max) return layout_error{"it is larger than 1048576 bytes"};
    return parse_cluster(text);
}

std::string host_and_port(std::string_view host, std::uint16_t port) {
    const auto brackets = host.find(':') != host.npos;
    return (brackets ? "[" : "") + std::string{host} + (brackets ? "]:" : ":") +
           std::to_string(port);
}

}  // namespace raft_kv
