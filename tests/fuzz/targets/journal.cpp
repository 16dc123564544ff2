// What a start finds of the time before: any bytes as files and board. Whatever they are, nothing
// that was latched is armed, and what goes on from them is a whole journal again.
//
// Input: a byte for the mode. Since a hash stops a fuzzer at once, there are three: bytes as they
// are; records of any fields, under hashes that are right; and a journal that real processes left
// (journal_story.h), which is then cut, changed and put together wrongly.
#include <simdjson.h>

#include <set>

#include "core/journal/format.h"
#include "daemon/scramctl/journal_text.h"
#include "tests/fuzz/journal_changer.h"
#include "tests/fuzz/journal_forger.h"
#include "tests/fuzz/journal_story.h"

namespace {

using namespace scram;
using namespace scram::fuzz;
using Health = Folded::Health;
using Word = Folded::Word;

bool all_zero(const Bytes& bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; });
}

const Restored::Family* find(const Restored& restored, std::size_t family) {
    for (const Restored::Family& it : restored.latched) {
        if (index(it.family) == family) return &it;
    }
    return nullptr;
}

// ---- One record ---------------------------------------------------------------------------------

bool is_same(const Texts& a, const Texts& b) {
    return a.subject == b.subject && a.rule == b.rule && a.who == b.who && a.metric == b.metric &&
           a.text == b.text;
}

void check_record(const JournalRecord& record) {
    static simdjson::dom::parser parser;
    const std::string line = record_line(record);
    check(std::none_of(line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }),
          "a record is one line, and moves no terminal");
    simdjson::dom::object object;
    check(parser.parse(record_json(record)).get(object) == simdjson::SUCCESS,
          "a record is one JSON object");
    JournalRecord again;
    put_texts(texts_of(record), again);
    check(is_same(texts_of(again), texts_of(record)), "texts that were read are written as well");
}

// ---- What holds of any bytes --------------------------------------------------------------------

// The greatest numbers that something right told.
struct Numbers {
    TripId trip{};
    AttemptId attempt{};
    void see(TripId its_trip, AttemptId its_attempt) {
        trip = std::max(trip, its_trip);
        attempt = std::max(attempt, its_attempt);
    }
};

void check_walk(std::span<const std::byte> file, Numbers& numbers) {
    std::uint64_t last = 0;
    const FileWalk walked = walk(file, Hasher(), [&](const JournalRecord& record) {
        check(last == 0 || record.sequence > last, "records come in their order");
        last = record.sequence;
        numbers.see(TripId{record.trip}, AttemptId{record.attempt});
        check_record(record);
    });
    numbers.see(walked.last_trip, walked.last_attempt);
    check(walked.size <= file.size() && walked.size % record_size == 0,
          "what is whole ends with a record of the file");
    check((walked.health == Health::whole) == walked.fault.empty(), "a fault has its words");
    if (last != 0) check(walked.last_sequence == last, "the last record is the last that is right");
}

void check_numbers(const Remains& remains, const Folded& folded) {
    Numbers numbers;
    for (const Bytes& file : remains.files) {
        if (!is_blank(file)) check_walk(file, numbers);
    }
    for (const JournalRecord& record : folded.unstored) {
        numbers.see(TripId{record.trip}, AttemptId{record.attempt});
        check_record(record);
    }
    check(folded.last_trip >= numbers.trip && folded.last_attempt >= numbers.attempt,
          "no number that something was given is given again");
}

void check_board(const Remains& remains, const Folded& folded) {
    if (folded.in_doubt() || all_zero(remains.board)) return;
    const auto head = read_as<BoardHead>(remains.board, 0);
    check(head.families == 0 || !folded.words.empty(), "a board that counts tells its words");
    check(folded.last_sequence == head.last, "a board that counts has the last record");
    check(head.last_attempt > count_max || folded.last_attempt >= AttemptId{head.last_attempt},
          "an attempt that the board alone knows was made");
}

void check_files(const Remains& remains, const Folded& folded) {
    const auto last = std::find_if_not(remains.files.rbegin(), remains.files.rend(), all_zero);
    const std::size_t size = last == remains.files.rend() ? 0 : last->size();
    check(folded.file_size <= size && folded.file_size % record_size == 0,
          "the last file goes on behind a record of it");
    check(!folded.in_doubt() || folded.file_size == 0, "nothing is written behind a doubt");
    check(folded.health != Health::fresh || size == 0, "fresh is where no file has a byte");
    check((folded.health <= Health::whole) == folded.fault.empty(), "a fault has its words");
    check(folded.unstored.size() <= board_records, "a board has room for what the files lack");
    for (std::size_t i = 0; i < folded.unstored.size(); ++i) {
        check(folded.unstored[i].sequence == folded.stored_sequence + 1 + i,
              "what the files lack follows what they have");
    }
}

// How one family comes back, by each way of after_crash.
void check_family(const Folded& folded, std::size_t f, const Restored& latched,
                  const Restored& fire, const Restored& armed) {
    const Standing told = standings_of(folded)[f];
    const auto found = folded.words.find(plan().families[f].name);
    const Word word = found == folded.words.end() ? Word::armed : found->second;
    const bool known = told.latched || told.unfinished || word != Word::armed;
    const bool sure = folded.clean && !folded.in_doubt();
    const Restored::Family* it = find(armed, f);
    check((it != nullptr) == (known || folded.in_doubt()),
          "with armed, what records or board call latched, and all in doubt");
    check((find(latched, f) != nullptr) == (known || !sure), "an unclean end latches all");
    check((find(fire, f) != nullptr) == (known || !sure), "an unclean end fires all");
    if (!known && !sure) check(find(fire, f)->unfinished, "what is fired is to be cancelled");
    if (it == nullptr) return;
    check(!told.unfinished || it->unfinished, "no cancel is forgotten");
    const bool open = word != Word::armed && word != Word::accepted;
    check(!open || folded.clean || it->unfinished, "a cancel that the board calls open goes on");
    check(!told.latched || it->trip == told.trip, "a family keeps its trip");
}

Restored check_restored(const Folded& folded, AfterCrash after_crash) {
    Restored out = restored(folded, plan(), after_crash);
    std::set<FamilyId> named;
    for (const Restored::Family& family : out.latched) {
        check(index(family.family) < family_count && named.insert(family.family).second,
              "a start names families of the plan, each once");
    }
    check(!folded.in_doubt() || out.latched.size() == family_count, "in doubt all are latched");
    check(out.last_trip == folded.last_trip && out.last_attempt == folded.last_attempt,
          "the numbers go on");
    check(out.budgets.empty() || out.budgets.size() == plan().accounts.size(),
          "each account has its budget");
    check(folded.budgets_known || !out.budgets.empty(), "what is not known to be free is spent");
    return out;
}

// ---- What the next process makes of it ----------------------------------------------------------

void check_no_less(const Folded& folded, const Standings& standings, bool with_cancels = true) {
    const Restored next = restored(folded, plan(), AfterCrash::armed);
    for (std::size_t f = 0; f < family_count; ++f) {
        const Restored::Family* it = find(next, f);
        const Standing& was = standings[f];
        check(it != nullptr || !(was.latched || was.unfinished), "nothing latched is armed");
        check(it == nullptr || it->unfinished || !was.unfinished || !with_cancels,
              "no cancel is forgotten");
    }
}

// It may end again at once, before or after its logger wrote.
void check_start(Remains remains, AfterCrash after_crash) {
    Scramd scramd(remains, time_from_ns(2'000'000'000'000), after_crash, 256);
    scramd.links_up();
    scramd.wait(5s);
    if (scramd.folded.last_sequence > count_max ||
        static_cast<std::uint64_t>(scramd.before.last_trip) > count_max)
        return;  // records that no program has written
    const Standings standings = standings_of(scramd.engine);
    Remains unwritten = remains;
    unwritten.board.assign(scramd.memory().begin(), scramd.memory().end());
    const Folded again = unwritten.fold();
    check_no_less(again, standings);
    check(scramd.folded.in_doubt() || again.health <= Health::torn, "no doubt comes of itself");
    check(again.in_doubt() || standings_of(again) == standings, "a board tells how all stand");
    scramd.store();
    const Folded stored = remains.fold_files();
    check(stored.health == Health::whole, "what a start writes is whole");
    check(standings_of(stored) == standings, "files tell how all stand");
    check(left_out(stored, plan()) == left_out(scramd.folded, plan()),
          "families that the config lacks are carried on");
    scramd.stop();
    check(remains.fold_files().clean, "an end in peace is one");
}

void check_any(const Remains& remains, const Folded& folded) {
    check_files(remains, folded);
    check_numbers(remains, folded);
    check_board(remains, folded);
    const Restored latched = check_restored(folded, AfterCrash::latched);
    const Restored fire = check_restored(folded, AfterCrash::fire);
    const Restored armed = check_restored(folded, AfterCrash::armed);
    for (std::size_t f = 0; f < family_count; ++f) check_family(folded, f, latched, fire, armed);
    left_out(folded, plan());
}

// ---- Bytes as they are --------------------------------------------------------------------------

// Files, each behind its size, and the board.
Remains raw(Input& input) {
    Remains out;
    const std::size_t count = input.byte() % 4;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t size = input.value<std::uint16_t>();
        out.files.push_back(bytes_of(input.take(size)));
    }
    out.board = bytes_of(input.rest());
    return out;
}

// ---- What real processes left, changed ----------------------------------------------------------

void check_whole(const Story& story) {
    const Folded folded = story.remains.fold();
    check(folded.health <= Health::whole, "what processes leave is whole, wherever they end");
    check(!story.stopped || story.lost || folded.clean, "an end in peace is one");
    if (story.remains.board.empty()) return;
    check(!folded.clean || story.stopped, "only an end in peace is one");
    check_no_less(folded, story.standings, !story.cut_off);
    if (!story.cut_off && !story.lost)
        check(standings_of(folded) == story.standings, "the fold equals the engine");
}

// Cut or changed files beside a board that knows it all.
void check_with_board(const Story& story, const Folded& folded) {
    check_no_less(folded, story.standings, !story.cut_off);
}

// Whole files beside a board that was changed: what the files call latched, and is.
void check_with_files(const Story& story, const Folded& folded) {
    Standings both = standings_of(story.remains.fold_files());
    for (std::size_t f = 0; f < family_count; ++f) {
        both[f].latched = both[f].latched && story.standings[f].latched;
        both[f].unfinished = both[f].unfinished && story.standings[f].unfinished;
    }
    check_no_less(folded, both, false);
}

// The last file, of which other bytes of the same number are left.
void check_last_file(const Bytes& was, const Bytes& is, const Folded& folded) {
    if (was.size() != is.size() || was == is || all_zero(is)) return;
    const bool zeros_at_end = all_zero(Bytes(is.end() - record_size, is.end()));
    check(folded.in_doubt() || (zeros_at_end && folded.health == Health::torn),
          "bytes that were changed are found");
}

// Only cut within its last record.
void check_torn(const Remains& was, const Remains& is, const Folded& folded) {
    if (is.files.empty() || is.files.size() != was.files.size() || is_blank(is.files.back()))
        return;
    if (!std::equal(was.files.begin(), was.files.end() - 1, is.files.begin())) return;
    const Bytes& whole = was.files.back();
    const Bytes& cut = is.files.back();
    if (cut.size() >= whole.size() || whole.size() - cut.size() >= record_size) return;
    if (!std::equal(cut.begin(), cut.end(), whole.begin())) return;
    Remains shorter = was;
    shorter.files.back().resize(whole.size() - record_size);
    const Folded without = shorter.fold_files();
    check(folded.health == Health::torn, "a journal that was only cut is torn");
    check(!folded.clean, "a cut journal did not end in peace");
    check(standings_of(folded) == standings_of(without), "a cut loses one record");
    if (cut.size() > record_size)
        check(folded.file_size == without.file_size, "and is written on before it");
}

void check_changed(const Story& story, const Remains& changed, bool out_of_order) {
    const Folded folded = changed.fold();
    check_any(changed, folded);
    const bool same_board = changed.board == story.remains.board;
    const bool same_files = changed.files == story.remains.files;
    if (same_board && !changed.board.empty()) check_with_board(story, folded);
    if (same_files) check_with_files(story, folded);
    if (!out_of_order && !changed.files.empty() &&
        changed.files.size() == story.remains.files.size())
        check_last_file(story.remains.files.back(), changed.files.back(), folded);
    const Folded by_files = changed.fold_files();
    check_torn(story.remains, changed, by_files);
    if (out_of_order || story.ahead) return;
    for (const Folded* it : {&folded, &by_files}) {
        if (it->in_doubt()) continue;
        const auto then = story.history.find(it->last_hash);
        check(then != story.history.end() && standings_of(*it) == then->second,
              "what is not in doubt is what was so at some moment");
    }
}

Remains played(Input& input) {
    const Player player(input);
    const Story& story = player.story();
    check_whole(story);
    Changer changer(story, input);
    Remains changed = changer.make();
    check_changed(story, changed, changer.out_of_order);
    return changed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const std::uint8_t mode = input.byte();
    Input records(data, size);
    while (!records.empty()) check_record(records.value<JournalRecord>());
    const Remains remains = mode % 3 == 0   ? raw(input)
                            : mode % 3 == 1 ? Forger(input).make()
                                            : played(input);
    check_any(remains, remains.fold());
    check_start(remains, static_cast<AfterCrash>(mode / 3 % 3));
    return 0;
}
