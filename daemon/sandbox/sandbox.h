// What a process gives up for good, so that whoever takes it over does not have it either: system
// calls (seccomp), files (Landlock), a capability. None ever comes back, and children inherit both.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace scram {

// The signer computes and speaks on the socket that it has; its keeper also forks and waits.
// Neither opens, connects or executes anything: another call ends the process.
enum class Calls { keeper, signer };

// Empty, or why the kernel did not take the filter. Under valgrind it has room for valgrind's
// calls.
std::string confine_calls(Calls calls);
bool runs_under_valgrind();

// CAP_NET_RAW, of this thread and those that it starts, if it has it. Empty, or why it stays.
std::string give_up_raw_sockets();

struct Folder {
    std::filesystem::path path;
    bool writable = false;
};

// From here on this thread, and those that it starts, open files below these folders only and
// execute none. What is open stays open. A folder that does not exist is left out. Empty, or why it
// was not to be had.
std::string confine_files(std::span<const Folder> folders);

}  // namespace scram
