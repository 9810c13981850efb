// SPDX-License-Identifier: BSL-1.0
//
// What a server remembers of its own protocol, for those who want to know how it came to be where
// it is.
#include "server.hpp"

namespace raft_kv {

std::string server::recording_path() const { return options_.directory + "/flight-recording"; }

void server::save_recording() {
    const auto path = recording_path();
    const auto& recorder = node_->observer();
    if (recorder.save(node_->protocol_state(), path))
        log_("flight recording of " + std::to_string(recorder.inputs()) + " inputs saved in " +
             path);
    else
        log_("cannot save the flight recording in " + path);
}

}  // namespace raft_kv
