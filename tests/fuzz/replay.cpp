// Reads the corpora again, without a fuzzer: with any compiler, as a plain test. Ends with the line
// "N passed, N failed". With arguments it reads one file and lets it crash, for a debugger:
//     fuzz_replay TARGET FILE
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <vector>

#include "core/base/check.h"

// targets.inc holds TARGET(name) for each file of targets/; CMake writes it.
#define TARGET(name) extern "C" int fuzz_##name(const std::uint8_t* data, std::size_t size);
#include "targets.inc"
#undef TARGET

namespace {

constexpr unsigned seconds_per_file = 60;  // under sanitizers, on a busy machine

struct Target {
    const char* name;
    int (*run)(const std::uint8_t* data, std::size_t size);
};
constexpr Target targets[] = {
#define TARGET(name) {#name, fuzz_##name},
#include "targets.inc"
#undef TARGET
};

void run_file(const Target& target, const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>{stream}, {}};
    // Exactly as large as the input, so that a sanitizer sees a read behind it.
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    target.run(bytes.data(), bytes.size());
}

std::vector<std::filesystem::path> corpus_of(const Target& target) {
    std::vector<std::filesystem::path> files;
    const auto folder = std::filesystem::path(SCRAM_SOURCE_DIR) / "tests/fuzz/corpus" / target.name;
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) {
        files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

// The file that is read now, in memory that parent and child share.
using Position = std::atomic<std::size_t>;

Position& shared_position() {
    void* memory =
        mmap(nullptr, sizeof(Position), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    scram::check(memory != MAP_FAILED, "memory for one number");
    return *new (memory) Position{0};
}

// Reads files from `at` on in a child; false if it did not survive them.
bool survives(const Target& target, const std::vector<std::filesystem::path>& files, Position& at) {
    const pid_t child = fork();
    if (child == 0) {
        for (; at < files.size(); ++at) {
            alarm(seconds_per_file);
            run_file(target, files[at]);
        }
        std::exit(0);  // with the leak check, where there is one
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status == 0;
}

// The number of failures. A file that ends the process does not hide those behind it.
std::size_t replay(const Target& target, const std::vector<std::filesystem::path>& files,
                   Position& at) {
    std::size_t failed = 0;
    for (at = 0; at <= files.size() && !survives(target, files, at); ++at) {
        fmt::print("FAILED {}: {}\n", target.name,
                   at < files.size() ? files[at].native() : "it did not end well");
        ++failed;
    }
    return failed;
}

int replay_all() {
    Position& at = shared_position();
    std::size_t passed = 0, failed = 0;
    for (const Target& target : targets) {
        const auto files = corpus_of(target);
        if (files.empty()) fmt::print("FAILED {}: it has no corpus\n", target.name);
        const std::size_t bad = files.empty() ? 1 : replay(target, files, at);
        fmt::print("fuzz {}: {} files\n", target.name, files.size());
        failed += bad;
        passed += files.size() - std::min(bad, files.size());
    }
    fmt::print("{} passed, {} failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

int replay_one(const char* name, const char* file) {
    for (const Target& target : targets) {
        if (std::strcmp(target.name, name) != 0) continue;
        run_file(target, file);
        return 0;
    }
    fmt::print(stderr, "unknown target '{}': those of tests/fuzz/targets are accepted\n", name);
    return 2;
}

}  // namespace

int main(int count, char** arguments) {
    setvbuf(stdout, nullptr, _IOLBF, 0);  // a child that crashes takes no line of ours with it
    return count == 3 ? replay_one(arguments[1], arguments[2]) : replay_all();
}
