// SPDX-License-Identifier: BSL-1.0
// error: raft: nothing says how this type becomes bytes: make it a struct of such types
#include <string>
#include <utility>

#include <raft/battery/file_storage.hpp>

class named {
public:
    explicit named(std::string name) : name_{std::move(name)} {}

private:
    std::string name_;
};

raft::file_storage<named>* storage = nullptr;
