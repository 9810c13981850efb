// SPDX-License-Identifier: BSL-1.0
//
// What opens this server's doors, and those of the others: read from files when it starts. And what
// a client may do that has shown one of them, or none.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "peer_door.hpp"

namespace raft_kv {

/// Where they are. Empty: there is none.
struct key_files {
    std::string peer_secret{};
    std::string password{};
    std::string operator_password{};
    std::string peer_certificate{};
    std::string peer_key{};
    std::string peer_authority{};
    friend bool operator==(const key_files&, const key_files&) = default;
};

struct keys {
    peer_secret secret{};                            ///< Null: peers prove nothing.
    std::optional<std::string> password{};           ///< Of the user default; none: it needs none.
    std::optional<std::string> operator_password{};  ///< Of the user operator; none: there is none.
    bool has_certificate = false;  ///< Peers know each other by certificates, and encrypt.
    /// Where the user default needs no password, it is no user of another host.
    bool is_protected = true;
};

/// What a client may do. Whatever it is, it may say who it is.
struct client_rights {
    bool may_use = true;      ///< Ask for data, and about the server.
    bool may_operate = true;  ///< Order the cluster, and remove all data at once.
    bool is_foreign = false;  ///< It comes from another host, and there is no password for it.
    std::string_view user = "default";
};

/// Before it has said who it is. `is_local`: it comes from this host.
[[nodiscard]] client_rights rights_at_first(const keys& own, bool is_local);
/// Of another server, or of who has its secret.
[[nodiscard]] client_rights rights_of_peer();

/// What is wrong with a name and a password, as a client is told; else its rights are those of
/// the user.
[[nodiscard]] std::optional<std::string> admit(const keys& own, std::string_view user,
                                               std::string_view password, client_rights& rights);

inline constexpr std::string_view no_auth_text = "NOAUTH Authentication required.";
inline constexpr std::string_view wrong_password_text =
    "WRONGPASS invalid username-password pair or user is disabled.";
inline constexpr std::string_view foreign_text =
    "DENIED raft-kv is in protected mode: it has no password, so it serves clients of its own host "
    "alone. Give it one with --requirepass-file FILE; or, where whoever reaches this port may do "
    "everything, start it with --protected-mode no";

/// What a client is told that may not use anything.
[[nodiscard]] inline std::string_view obstacle_to_use(const client_rights& rights) {
    return rights.is_foreign ? foreign_text : no_auth_text;
}

/// The keys, or what is wrong with a file. `log`: of the secret's file, which is read anew when it
/// changes.
[[nodiscard]] std::variant<keys, std::string>
read_keys(const key_files& files, std::function<void(std::string_view)> log = {});

/// What is dangerous about these files, as the log is told: who else can read them, and passwords
/// that are no secret from each other. `tls_key`: of the certificate for clients, if there is one.
[[nodiscard]] std::vector<std::string> warnings_about(const key_files& files,
                                                      const std::string& tls_key, const keys& read);

/// Has a server let this one in on its client port; what is wrong, if it does not.
[[nodiscard]] std::optional<std::string> enter(outside::connection& asked, const keys& own);
/// What a server said when it was asked is final: it wants something else to be shown.
[[nodiscard]] bool is_final(std::string_view said);

}  // namespace raft_kv
