// SPDX-License-Identifier: BSL-1.0
#include "saved_story.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <vector>

#include "shown_story.hpp"
#include <page/page.hpp>

#include <proof/cluster_model/retelling.hpp>
#include <proof/cluster_model/start_states.hpp>
#include <proof/specification/refined_model.hpp>

namespace raft_explore {

using namespace raft::proof;

namespace {

constexpr std::string_view headline = "raft-explore ";

/// The exploration that the first line of a saved story asks for.
std::optional<exploration_options> options_in(const std::string& line) {
    if (!line.starts_with(headline)) return std::nullopt;
    std::istringstream words{line.substr(headline.size())};
    std::vector<std::string> flags;
    for (std::string word; words >> word;) flags.push_back(word);
    std::vector<char*> arguments;
    for (auto& each : flags) arguments.push_back(each.data());
    const auto read = read_options(arguments);
    if (!read || read->help || read->list || !read->preset.empty()) return std::nullopt;
    return read->one;
}

retold_story relive(const cluster_model& model, bool refined, const std::string& story) {
    return refined ? retell(tla::refined_model{model}, story) : retell(model, story);
}

bool show_story(const exploration_options& asked, const retold_story& told, const std::string& path,
                const std::string& html_file) {
    auto shown = shown_story(told, asked.bounds.servers);
    shown.title = told.rule != nullptr ? "A story that breaks a rule" : "A story";
    if (!told.happens()) shown.title += ", as far as it happens";
    shown.made_by = "raft-explore --replay " + path;
    return raft_page::write_page(html_file, shown);
}

}  // namespace

std::optional<cluster_model> model_of(exploration_options chosen) {
    if (chosen.from.empty()) return cluster_model{chosen.bounds};
    const auto library = start_states(chosen.bounds.config);
    const auto start = std::ranges::find(library, chosen.from, &start_state::name);
    if (start != library.end()) {
        const auto begin = begin_with(*start, chosen.bounds);
        if (chosen.bounds.term_max < explored_past::terms_max &&
            chosen.bounds.log_max <= explored_past::entries_max)
            return cluster_model{chosen.bounds, {begin}};
    }
    std::fprintf(stderr, "raft-explore: no start '%s', or its bounds are too large\n",
                 chosen.from.c_str());
    return std::nullopt;
}

bool save_story(const std::string& path, const exploration_options& asked,
                const std::string& story) {
    std::ofstream file{path};
    file << headline << arguments_of(asked) << '\n' << story;
    if (file.flush()) return true;
    std::fprintf(stderr, "raft-explore: cannot write %s\n", path.c_str());
    return false;
}

int replay_story(const std::string& path, const std::string& html_file) {
    constexpr int broken = 1;
    constexpr int no_story = 2;
    constexpr int does_not_happen = 3;
    std::ifstream file{path};
    std::string first;
    std::getline(file, first);
    const auto asked = options_in(first);
    const auto model = asked ? model_of(*asked) : std::nullopt;
    const std::string story{std::istreambuf_iterator<char>{file}, {}};
    const auto again = model ? relive(*model, asked->refine, story) : retold_story{};
    if (again.told == 0) {
        std::fprintf(stderr, "raft-explore: no saved story: %s\n", path.c_str());
        return no_story;
    }
    if (!html_file.empty() && !show_story(*asked, again, path, html_file)) return no_story;
    if (again.rule != nullptr) std::printf("   => %s\n", again.rule);
    if (!again.happens()) std::printf("what follows step %zu happens no more\n", again.steps);
    std::printf("replayed: steps=%zu of=%zu violations=%d\n", again.steps, again.told,
                again.rule != nullptr);
    if (!again.happens()) return does_not_happen;
    return again.rule != nullptr ? broken : 0;
}

}  // namespace raft_explore
