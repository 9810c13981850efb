// SPDX-License-Identifier: BSL-1.0
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#if __has_include(<sys/wait.h>)
#include <csignal>
#endif

/// A test that writes to a server which it has killed sees an error, and is not ended. By a
/// handler: what is ignored, a server that it starts would inherit, which is to do without.
int main(int count, char** words) {
#if defined(SIGPIPE)
    std::signal(SIGPIPE, [](int /*signal*/) {});
#endif
    return doctest::Context{count, words}.run();
}
