// SPDX-License-Identifier: BSL-1.0
//
// As much of a reader of JSON as it takes to read back what we write: objects, lists, strings
// without escapes, whole numbers, truth values and null.
#pragma once

#include <cctype>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace support {

struct json {
    std::map<std::string, json> members{};
    std::vector<std::string> order{};  ///< The names of the members, as they come.
    std::vector<json> elements{};
    std::string text{};       ///< Of a string.
    std::int64_t number = 0;  ///< Of a number; 1 for true.
    bool is_null = false;

    [[nodiscard]] const json& operator[](const std::string& name) const {
        const auto found = members.find(name);
        if (found == members.end()) throw std::runtime_error{"json: no member " + name};
        return found->second;
    }
    [[nodiscard]] bool has(const std::string& name) const { return members.contains(name); }
};

class json_reader {
public:
    explicit json_reader(std::string_view text) : left_{text} {}

    /// The whole text is one value, or this throws.
    [[nodiscard]] static json read(std::string_view text) {
        json_reader reader{text};
        auto value = reader.value();
        if (!reader.left_.empty()) throw std::runtime_error{"json: more than one value"};
        return value;
    }

private:
    [[nodiscard]] json value() {
        if (take("{")) return object();
        if (take("[")) return list();
        json one;
        if (take("\""))
            one.text = until_quote();
        else if (take("true"))
            one.number = 1;
        else if (take("null"))
            one.is_null = true;
        else if (!take("false"))
            one.number = digits();
        return one;
    }

    [[nodiscard]] json object() {
        json all;
        while (!take("}")) {
            if (!all.members.empty()) expect(",");
            expect("\"");
            const auto name = until_quote();
            expect(":");
            all.order.push_back(name);
            if (!all.members.emplace(name, value()).second)
                throw std::runtime_error{"json: twice " + name};
        }
        return all;
    }

    [[nodiscard]] json list() {
        json all;
        while (!take("]")) {
            if (!all.elements.empty()) expect(",");
            all.elements.push_back(value());
        }
        return all;
    }

    [[nodiscard]] std::string until_quote() {
        const auto end = left_.find('"');
        if (end == std::string_view::npos) throw std::runtime_error{"json: no end of a string"};
        std::string text{left_.substr(0, end)};
        left_.remove_prefix(end + 1);
        return text;
    }

    [[nodiscard]] std::int64_t digits() {
        if (left_.empty() || std::isdigit(static_cast<unsigned char>(left_.front())) == 0)
            throw std::runtime_error{"json: no value"};
        std::int64_t number = 0;
        for (; !left_.empty() && std::isdigit(static_cast<unsigned char>(left_.front())) != 0;
             left_.remove_prefix(1))
            number = number * 10 + (left_.front() - '0');
        return number;
    }

    bool take(std::string_view token) {
        if (!left_.starts_with(token)) return false;
        left_.remove_prefix(token.size());
        return true;
    }
    void expect(std::string_view token) {
        if (!take(token)) throw std::runtime_error{"json: no " + std::string{token}};
    }

    std::string_view left_;
};

}  // namespace support
