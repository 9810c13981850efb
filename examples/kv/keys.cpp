// SPDX-License-Identifier: BSL-1.0
#include "keys.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <span>
#include <system_error>
#include <utility>

#include "demo/connection.hpp"
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <raft/battery/openssl_secret.hpp>

namespace raft_kv {

namespace {

constexpr std::size_t password_bytes_max = 512;

/// In a time that tells nothing of where they differ, nor of how long they are.
bool is_same(std::string_view given, std::string_view expected) {
    unsigned char a[SHA256_DIGEST_LENGTH];
    unsigned char b[SHA256_DIGEST_LENGTH];
    const auto digest = [](std::string_view text, unsigned char* into) {
        return SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), into);
    };
    return digest(given, a) != nullptr && digest(expected, b) != nullptr &&
           CRYPTO_memcmp(a, b, sizeof(a)) == 0;
}

/// The only line of a file, if the file has a name.
std::optional<std::string> read_password(const std::string& path,
                                         std::optional<std::string>& into) {
    if (path.empty()) return std::nullopt;
    std::ifstream file{path, std::ios::binary};
    std::string line;
    if (!file) return path + " cannot be read: " + std::generic_category().message(errno);
    if (!std::getline(file, line))
        return path + (file.bad() ? " cannot be read: it is no file of text" : " is empty");
    if (line.ends_with('\r')) line.pop_back();
    if (file.peek() != std::ifstream::traits_type::eof()) return path + " has more than one line";
    if (line.empty() || line.size() > password_bytes_max)
        return path + " holds " + std::to_string(line.size()) +
               " bytes: a password has 1 to 512 (openssl rand -hex 32 gives a good one)";
    into = std::move(line);
    return std::nullopt;
}

}  // namespace

client_rights rights_at_first(const keys& own, bool is_local) {
    client_rights rights;
    rights.is_foreign = own.is_protected && !own.password && !is_local;
    rights.may_use = !own.password && !rights.is_foreign;
    rights.may_operate = rights.may_use && !own.operator_password;
    return rights;
}

client_rights rights_of_peer() { return {.user = "peer"}; }

std::optional<std::string> admit(const keys& own, std::string_view user, std::string_view password,
                                 client_rights& rights) {
    if (user == "operator" && own.operator_password && is_same(password, *own.operator_password)) {
        rights = {.user = "operator"};
        return std::nullopt;
    }
    if (user != "default" || (own.password && !is_same(password, *own.password)))
        return std::string{wrong_password_text};
    // Where there is no password any will do, as with Redis, and gives nothing.
    const auto is_foreign = !own.password && rights.is_foreign;
    rights = {.may_use = !is_foreign,
              .may_operate = !is_foreign && !own.operator_password,
              .is_foreign = is_foreign};
    return std::nullopt;
}

std::variant<keys, std::string> read_keys(const key_files& files,
                                          std::function<void(std::string_view)> log) {
    keys all;
    if (!files.peer_secret.empty()) {
        auto read = raft::security::openssl_secret::from_file(files.peer_secret, std::move(log));
        if (auto* wrong = std::get_if<std::string>(&read)) return std::move(*wrong);
        all.secret = std::get<peer_secret>(std::move(read));
    }
    all.has_certificate = !files.peer_certificate.empty();
    if (auto wrong = read_password(files.password, all.password)) return *std::move(wrong);
    if (auto wrong = read_password(files.operator_password, all.operator_password))
        return *std::move(wrong);
    return all;
}

namespace {

/// As ssh looks at its keys. `may_share`: with a group, as a system's certificates do.
void warn_of_readers(const std::string& path, bool may_share, std::vector<std::string>& warnings) {
    struct stat file {};
    if (path.empty() || ::stat(path.c_str(), &file) != 0) return;
    const bool by_all = (file.st_mode & S_IROTH) != 0;
    const bool by_group = (file.st_mode & S_IRGRP) != 0 && !may_share;
    if (!by_all && !by_group) return;
    warnings.push_back(path + " can be read by " + (by_all ? "everybody" : "its group") +
                       " on this host, and is a secret: chmod " + (may_share ? "o-r " : "go-rwx ") +
                       path);
}

}  // namespace

std::vector<std::string> warnings_about(const key_files& files, const std::string& tls_key,
                                        const keys& read) {
    std::vector<std::string> warnings;
    for (const auto* secret : {&files.peer_secret, &files.password, &files.operator_password})
        warn_of_readers(*secret, false, warnings);
    for (const auto* key : {&files.peer_key, &tls_key}) warn_of_readers(*key, true, warnings);
    if (read.password && read.password == read.operator_password)
        warnings.push_back("clients and operators have the same password, so that every client may "
                           "order the cluster: put another one into " +
                           files.operator_password);
    return warnings;
}

std::optional<std::string> enter(outside::connection& asked, const keys& own) {
    if (own.secret) return prove_mutually(asked, own.secret);
    const auto& password = own.operator_password ? own.operator_password : own.password;
    if (!password) return std::nullopt;
    const auto said =
        asked.call({"AUTH", own.operator_password ? "operator" : "default", *password});
    if (!said) return asked.error();
    if (said->is_error()) return "it said " + said->text;
    return std::nullopt;
}

bool is_final(std::string_view said) {
    constexpr std::array<std::string_view, 6> refusals{"it said DENIED",    "it said NOAUTH",
                                                       "it said WRONGPASS", "it said NOSECRET",
                                                       "it said NOPERM",    "it does not prove"};
    return std::ranges::any_of(refusals,
                               [&](std::string_view each) { return said.starts_with(each); });
}

}  // namespace raft_kv
