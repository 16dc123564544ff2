// A source that can write every byte of its ring, at any time, beside one that keeps to the
// protocol. Whatever the first writes: what is told of each source stands in the order of its
// numbers up to the first that is not, a poll is bounded, and the other loses nothing.
//
// Input: steps of the hostile one: a byte with 3 bits what and 1 bit for "no poll behind it", and a
// number (World::write).
#include <array>
#include <cstring>

#include "core/base/check.h"
#include "net/sources/ring_readers.h"
#include "tests/fuzz/input.h"
#include "tests/unit/net/sources/deaf_sink.h"

namespace {

using namespace scram;

constexpr SourceId hostile{0}, good{1};
constexpr int signals_per_poll_max =
    64 + SCRAM_BATCH_MAX + 1;  // a turn, the rest of a batch, a breaking number

class Sink final : public testing::DeafSink {
  public:
    void begin_poll() { in_poll_ = {}; }
    std::uint64_t heard(SourceId source) const { return heard_[index(source)]; }
    bool broke(SourceId source) const { return broke_[index(source)]; }
    int lost(SourceId source) const { return lost_[index(source)]; }
    std::array<int, 2> in_poll() const { return in_poll_; }

  private:
    void signal(SourceId source, const scram_signal& signal, Time) override {
        const std::size_t s = index(source);
        check(!broke_[s], "nothing is told of a ring behind what broke it");
        for (const char c : signal.name) check(c == 0, "a signal has no name");
        if (signal.sequence == heard_[s] + 1) {
            ++heard_[s];
        } else {
            broke_[s] = true;
        }
        ++in_poll_[s];
    }
    void signals_lost(SourceId source, Time) override { ++lost_[index(source)]; }

    std::array<std::uint64_t, 2> heard_{};
    std::array<bool, 2> broke_{};
    std::array<int, 2> lost_{}, in_poll_{};
};

struct Writer {
    scram_ring* ring;
    std::uint64_t next = 1;

    bool has_room() const { return next <= ring->read + SCRAM_RING_SLOTS; }
    void publish() { word(next) = next, ++next; }
    std::uint64_t& word(std::uint64_t number) {
        return ring->slots[(number - 1) % SCRAM_RING_SLOTS].words[0];
    }
};

enum class What : std::uint8_t { publish, lap, skip, slot, scribble, lose, look_behind, drain };

class World {
  public:
    World() {
        Ring theirs = *Ring::make(), others = *Ring::make();
        evil_.ring = &theirs.memory();
        good_.ring = &others.memory();
        feeds_.add(hostile, std::move(theirs));
        feeds_.add(good, std::move(others));
    }

    void step(fuzz::Input& input) {
        const std::uint8_t byte = input.byte();
        write(static_cast<What>(byte & 7), input);
        if (good_.has_room()) good_.publish();
        if ((byte & 0x20) == 0) poll();
    }

    void end() {
        for (int i = 0; i < 2 * SCRAM_RING_SLOTS / 64; ++i) poll();
        check(sink_.heard(good) == good_.next - 1, "the good source is heard to its last signal");
        feeds_.drain_and_remove(hostile);
        feeds_.drain_and_remove(good);
        check(!sink_.broke(good) && sink_.lost(good) == 0, "nothing of it was lost");
        check(!feeds_.broken() && !feeds_.poll(), "nothing is left to read");
    }

  private:
    // The ring may be gone.
    void write(What what, fuzz::Input& input) {
        const std::uint16_t much = input.value<std::uint16_t>();
        if (!feeds_.has(hostile)) return;
        switch (what) {
            case What::publish:
                for (int i = 0; i < much % 2048 && evil_.has_room(); ++i) evil_.publish();
                return;
            case What::lap:  // whether there is room or not
                for (int i = 0; i < much % 2048; ++i) evil_.publish();
                return;
            case What::skip:
                evil_.next += much % 8;
                return;
            case What::slot:
                evil_.word(much) = input.value<std::uint64_t>();
                return;
            case What::scribble:
                scribble(much, input.take(input.byte()));
                return;
            case What::lose:
                evil_.ring->lost += much;
                return;
            case What::look_behind:
                feeds_.look_behind(hostile);
                return;
            case What::drain:
                feeds_.drain_and_remove(hostile);
                return;
        }
    }

    void scribble(std::size_t at, std::string_view bytes) {
        char* const begin = reinterpret_cast<char*>(evil_.ring);
        std::memcpy(begin + at, bytes.data(), std::min(bytes.size(), sizeof(scram_ring) - at));
    }

    void poll() {
        sink_.begin_poll();
        feeds_.poll();
        for (const int told : sink_.in_poll())
            check(told <= signals_per_poll_max, "of each ring a poll reads a turn");
        if (const auto broken = feeds_.broken()) {
            check(*broken == hostile, "a ring is broken by its source");
            check(sink_.broke(hostile), "a broken ring was told");
            feeds_.drain_and_remove(*broken);
        }
        check(!feeds_.broken(), "one that broke is gone");
    }

    Sink sink_;
    RingReaders feeds_{sink_};
    Writer evil_{}, good_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    World world;
    while (!input.empty()) world.step(input);
    world.end();
    return 0;
}
