// SPDX-License-Identifier: BSL-1.0
// error: raft: a pointer or a view means nothing in another process: hold the value
#include <string_view>

#include <raft/battery/file_storage.hpp>

raft::file_storage<std::string_view>* storage = nullptr;
