// SPDX-License-Identifier: BSL-1.0
//
// What a certificate says, in words for a log: whose it is, and whether it is good now.
#pragma once

#include <cstddef>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/x509v3.h>

namespace raft::security {

/// What somebody else may have written, in a line of its own.
[[nodiscard]] inline std::string printable(const ASN1_STRING* text) {
    std::string line;
    const auto* bytes = ASN1_STRING_get0_data(text);
    for (int i = 0; i < ASN1_STRING_length(text); ++i)
        line += bytes[i] > ' ' && bytes[i] < 0x7f ? static_cast<char>(bytes[i]) : '?';
    return line;
}

[[nodiscard]] inline std::string address_in(const ASN1_OCTET_STRING* bytes) {
    const auto* all = ASN1_STRING_get0_data(bytes);
    const auto size = ASN1_STRING_length(bytes);
    std::string text;
    for (int i = 0; i < size; ++i) {
        constexpr char digits[] = "0123456789abcdef";
        if (size == 4) {
            text += (i == 0 ? "" : ".") + std::to_string(all[i]);
        } else {
            if (i != 0 && i % 2 == 0) text += ':';
            text += digits[all[i] >> 4U];
            text += digits[all[i] & 15U];
        }
    }
    return text;
}

/// Its names as openssl writes them, "DNS:raft-1, IP:10.0.0.1"; those of no other kind.
[[nodiscard]] inline std::string names_in(const X509& certificate) {
    constexpr std::size_t bytes_max = 400;
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all{
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
        &GENERAL_NAMES_free};
    std::string text;
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()) && text.size() < bytes_max; ++i) {
        const auto* name = sk_GENERAL_NAME_value(all.get(), i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
        text += text.empty() ? "" : ", ";
        text += name->type == GEN_DNS ? "DNS:" + printable(name->d.dNSName)
                                      : "IP:" + address_in(name->d.iPAddress);
    }
    if (text.size() > bytes_max) text.replace(bytes_max, text.npos, "...");
    return text.empty() ? "no DNS name and no address" : text;
}

/// Why nobody takes it now, if nobody does: "has expired, on 2026-11-30 19:00:00 UTC".
[[nodiscard]] inline std::optional<std::string> fault_in_time(const X509& certificate) {
    const auto at = [](const ASN1_TIME* time) {
        std::tm parts{};
        char text[64] = "?";
        if (ASN1_TIME_to_tm(time, &parts) == 1)
            static_cast<void>(std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts));
        return std::string{text};
    };
    const auto* begins = X509_get0_notBefore(&certificate);
    const auto* ends = X509_get0_notAfter(&certificate);
    if (X509_cmp_current_time(ends) < 0) return "has expired, on " + at(ends);
    if (X509_cmp_current_time(begins) > 0) return "is not good before " + at(begins);
    return std::nullopt;
}

}  // namespace raft::security
