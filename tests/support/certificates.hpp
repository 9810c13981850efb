// SPDX-License-Identifier: BSL-1.0
//
// Certificates as `openssl req` and `openssl x509` make them, without the program: an authority,
// and what it signs, as files.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace support {

/// An authority with a key of its own, and the certificates that it signs.
class authority {
public:
    explicit authority(std::string name) : key_{EVP_EC_gen("P-256")} {
        shown_ = begin(name, key_.get(), 86'400);
        extend(*shown_, NID_basic_constraints, "critical,CA:TRUE");
        sign(*shown_);
    }

    /// Its own certificate, as a file.
    void write(const std::string& path) const { write_certificate(path, *shown_); }

    /// A certificate with that DNS name, and its key. `seconds`: how long it is good from now on.
    void issue(const std::string& name, const std::string& certificate_path,
               const std::string& key_path, long seconds = 86'400) const {
        issue_for("DNS:" + name, certificate_path, key_path, seconds);
    }

    /// The same with such names: "DNS:localhost,IP:127.0.0.1".
    void issue_for(const std::string& names, const std::string& certificate_path,
                   const std::string& key_path, long seconds = 86'400) const {
        const key_pointer key{EVP_EC_gen("P-256")};
        const auto made = begin("server", key.get(), seconds);
        X509_set_issuer_name(made.get(), X509_get_subject_name(shown_.get()));
        extend(*made, NID_subject_alt_name, names);
        sign(*made);
        write_certificate(certificate_path, *made);
        const file_pointer file{std::fopen(key_path.c_str(), "w")};
        if (!file ||
            PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
            throw std::runtime_error{key_path + " cannot be written"};
    }

private:
    struct release {
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
        void operator()(X509* certificate) const { X509_free(certificate); }
        void operator()(std::FILE* file) const { std::fclose(file); }
        void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    };
    using key_pointer = std::unique_ptr<EVP_PKEY, release>;
    using certificate_pointer = std::unique_ptr<X509, release>;
    using file_pointer = std::unique_ptr<std::FILE, release>;

    static certificate_pointer begin(const std::string& name, EVP_PKEY* key, long seconds) {
        static long serial = 0;
        constexpr long a_day = 86'400;
        certificate_pointer made{X509_new()};
        X509_set_version(made.get(), X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -a_day);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
        X509_set_pubkey(made.get(), key);
        auto* const subject = X509_get_subject_name(made.get());
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(made.get(), subject);
        return made;
    }
    static void extend(X509& made, int kind, const std::string& value) {
        const std::unique_ptr<X509_EXTENSION, release> extension{
            X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str())};
        if (!extension || X509_add_ext(&made, extension.get(), -1) != 1)
            throw std::runtime_error{"no extension " + value};
    }
    void sign(X509& made) const {
        if (X509_sign(&made, key_.get(), EVP_sha256()) == 0)
            throw std::runtime_error{"a certificate cannot be signed"};
    }
    static void write_certificate(const std::string& path, X509& written) {
        const file_pointer file{std::fopen(path.c_str(), "w")};
        if (!file || PEM_write_X509(file.get(), &written) != 1)
            throw std::runtime_error{path + " cannot be written"};
    }

    key_pointer key_;
    certificate_pointer shown_;
};

}  // namespace support
