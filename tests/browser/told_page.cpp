// SPDX-License-Identifier: BSL-1.0
//
// raft-told-page FILE: writes the page of the run that is told by hand.
#include <page/page.hpp>

#include <support/told_run.hpp>

int main(int count, char** given) {
    if (count != 2) return 2;
    return raft_page::write_page(given[1], support::told_run::tell()) ? 0 : 1;
}
