// A folder for a journal in tests, removed with its test.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "config/config.h"
#include "daemon/records/journal.h"
#include "tests/unit/core/engine/rig.h"

namespace scram::test {

class JournalFolder {
  public:
    JournalFolder() {
        char name[] = "/tmp/scram-journal-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        root = name;
    }
    ~JournalFolder() {
        std::error_code ignored;
        std::filesystem::permissions(root, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(root, ignored);
    }

    std::string journal() const { return (root / "journal").string(); }
    std::filesystem::path board() const { return root / "control.sock.board"; }
    std::filesystem::path file(std::uint32_t number) const {
        return root / "journal" / journal_file_name(number);
    }
    std::vector<JournalFile> files() const {
        auto listed = list_journal(journal());
        REQUIRE(std::holds_alternative<std::vector<JournalFile>>(listed));
        return std::get<std::vector<JournalFile>>(listed);
    }
    Config config(std::size_t families = 3) const {
        Config config;
        config.plan = plan_of({families});
        config.paths.control = (root / "control.sock").string();
        config.journal.directory = journal();
        return config;
    }
    void write(const std::filesystem::path& path, const std::string& text) const {
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }
    void flip(const std::filesystem::path& path, std::streamoff at) const {
        std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
        file.seekg(at);
        const int byte = file.get();
        file.seekp(at);
        file.put(static_cast<char>(byte ^ 1));
    }

    std::filesystem::path root;
};

// No file of this process may grow beyond `size`, as on a disk without room.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t size) {
        signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = size;
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

// Waits for what another thread is to bring about.
inline bool comes(const std::function<bool()>& condition) {
    for (int i = 0; i < 5000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(2ms);
    }
    return false;
}

// A scramd of which only engine and journal run.
class Journaled {
  public:
    explicit Journaled(const Config& config)
        : journal(opened(config)), engine(config.plan), step(config.plan) {
        const Restored& before = journal->begin();
        run([&] { engine.on_restored(before, now, step); });
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            run([&] { engine.on_link_up(link(l), now, step); });
            if (engine.phase(link(l)) == LinkPhase::rehearsing)
                run([&] { engine.on_rehearsed(link(l), true, {}, now, step); });
        }
    }
    static std::unique_ptr<Journal> opened(const Config& config) {
        auto result = Journal::open(config);
        REQUIRE(std::holds_alternative<std::unique_ptr<Journal>>(result));
        return std::move(std::get<std::unique_ptr<Journal>>(result));
    }

    void trip(FamilyId family) {
        run([&] { engine.on_trip({&family, 1}, {"uid 1 (ann)", "news"}, now, step); });
    }
    void confirm() {
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            if (engine.phase(link(l)) != LinkPhase::firing) continue;
            run([&] { engine.on_answer(link(l), answer_of(AnswerClass::accepted), now, step); });
        }
    }
    template <class Input>
    void run(Input&& input) {
        step.clear();
        input();
        journal->before(step, engine);
        journal->after(step, engine);
    }
    bool settles() {
        return comes([&] {
            news_of_beat();
            return journal->stored() == journal->last() && journal->trouble().empty();
        });
    }
    void news_of_beat() {
        for (const LogNotice& line : journal->beat(now, engine)) news += line.line + "\n";
    }
    std::string latched() const {
        std::string text;
        for (std::size_t f = 0; f < engine.plan().families.size(); ++f) {
            if (engine.family(id_at<FamilyId>(f)).latched) text += letter(id_at<FamilyId>(f));
        }
        return text;
    }
    std::string report() const {
        std::string text;
        for (const LogNotice& line : journal->report())
            text += std::to_string(line.priority) + " " + line.line + "\n";
        return text;
    }

    Time now = time_from_ns(1'000'000'000'000);
    std::unique_ptr<Journal> journal;
    Engine engine;
    Step step;
    std::string news;
};

inline bool says(std::string_view text, std::string_view part) {
    INFO(text);
    const bool found = text.find(part) != text.npos;
    CHECK_MESSAGE(found, part);
    return found;
}

}  // namespace scram::test
