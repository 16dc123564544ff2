// `scramctl replay`: what a config would have tripped in a recorded time, against what did trip;
// and how often, had a limit been another.
#pragma once

#include <string>
#include <vector>

namespace scram {

struct ReplayOptions {
    std::vector<std::string> files;    // or folders
    std::string config;                // empty: as recorded
    std::vector<std::string> what_if;  // "delta.beyond=20..40/5"
    std::string svg;                   // a folder for charts; empty: none
    bool json = false;
};
// 0: done; 1: a file is none of scramd's, or without another config the replay found other trips
// than there were; 2: a wrong --what-if; 3: the config is wrong.
int replay_command(const ReplayOptions& options);

}  // namespace scram
