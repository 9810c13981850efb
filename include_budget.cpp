#include <raft/raft.hpp>
