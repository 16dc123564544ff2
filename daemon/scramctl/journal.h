// `scramctl journal`: prints a journal, or checks it. Reads the files themselves, so that it serves
// a scramd that runs, hangs or is gone.
#pragma once

#include <string>

namespace scram {

struct JournalOptions {
    std::string directory;
    bool json = false;
    bool verify = false;
};
// 0: done. 1: a fault was found, or there is nothing to read.
int journal_command(const JournalOptions& wish);

}  // namespace scram
