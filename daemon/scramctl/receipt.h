// `scramctl receipt` and `scramctl receipts`: asks the daemon; what it does not have, or if it is
// not there, comes from the files that it wrote, and so does the list if a directory is named.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace scram {

struct ReceiptQuery {
    std::string socket;
    std::filesystem::path
        directory;           // the journal's; empty: where the daemon says, or the usual one
    std::uint64_t trip = 0;  // 0: the latest
    bool signals = false;
    bool json = false;
};

// Both print, and return scramctl's exit code.
int show_receipt(const ReceiptQuery& query);
int list_receipts(const ReceiptQuery& query);

}  // namespace scram
