#define _GNU_SOURCE
#include "client/ring.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define fail scram_channel_fail

enum { SIGNAL_WORDS = offsetof(struct scram_signal, name) / sizeof(uint64_t) };

scram_result scram_ring_open(struct scram_ring_end* ring, struct scram_channel* channel, int fd) {
    const size_t head_size = offsetof(struct scram_ring, read);
    struct scram_ring head;
    struct stat file;
    if (pread(fd, &head, head_size, 0) != (ssize_t)head_size || fstat(fd, &file) != 0 ||
        file.st_size < (off_t)sizeof head) {
        return fail(channel, SCRAM_PROTOCOL, "the ring has less than %zu bytes", sizeof head);
    }
    if (head.magic != SCRAM_RING_MAGIC || head.version != SCRAM_VERSION ||
        head.slot_count != SCRAM_RING_SLOTS) {
        return fail(channel, SCRAM_PROTOCOL,
                    "the ring has magic %#x, version %u and %u slots, not %#x, %u and %u",
                    head.magic, head.version, head.slot_count, (unsigned)SCRAM_RING_MAGIC,
                    (unsigned)SCRAM_VERSION, (unsigned)SCRAM_RING_SLOTS);
    }
    /* One that could shrink could end this process with SIGBUS in the middle of a quote. */
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
        return fail(channel, SCRAM_PROTOCOL, "the ring is not sealed against shrinking");
    }
    void* memory =
        mmap(NULL, sizeof *ring->memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (memory == MAP_FAILED) return fail(channel, SCRAM_MEMORY, "cannot map the ring: %m");
    ring->memory = memory;
    return SCRAM_DONE;
}

void scram_ring_close(struct scram_ring_end* ring) {
    if (ring->memory != NULL) munmap(ring->memory, sizeof *ring->memory);
}

static unsigned room_for(struct scram_ring_end* ring, unsigned count) {
    const uint64_t wanted = ring->published + count;
    if (wanted - ring->read > SCRAM_RING_SLOTS) {
        ring->read = __atomic_load_n(&ring->memory->read, __ATOMIC_ACQUIRE);
    }
    const uint64_t used = ring->published - ring->read;
    const uint64_t free = used < SCRAM_RING_SLOTS ? SCRAM_RING_SLOTS - used : 0;
    return count < free ? count : (unsigned)free;
}

/* The last store publishes the signal. It is sequentially consistent, so that it is seen before
 * this source looks whether scramd sleeps (net/sources/ring.h says why). */
static void put(struct scram_ring_end* ring, uint64_t number, struct scram_signal signal) {
    struct scram_slot* slot = &ring->memory->slots[(number - 1) % SCRAM_RING_SLOTS];
    uint64_t words[SIGNAL_WORDS];
    memcpy(words, &signal, sizeof words);
    for (int i = 1; i < SIGNAL_WORDS; ++i) {
        __atomic_store_n(&slot->words[i], words[i], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&slot->words[0], number, __ATOMIC_SEQ_CST);
}

/* From its end, and all but the last marked: whole or not at all (core/signal.h). */
static void put_batch(struct scram_ring_end* ring, const struct scram_signal* signals,
                      unsigned count) {
    for (unsigned i = count; i-- > 0;) {
        struct scram_signal signal = signals[i];
        if (i + 1 < count) signal.kind = scram_with_more(signal.kind);
        put(ring, ring->published + i + 1, signal);
    }
}

unsigned scram_ring_publish(struct scram_ring_end* ring, const struct scram_signal* signals,
                            unsigned count) {
    const unsigned room = room_for(ring, count);
    if (ring->batches) {
        put_batch(ring, signals, room);
    } else {
        for (unsigned i = 0; i < room; ++i) put(ring, ring->published + i + 1, signals[i]);
    }
    ring->published += room;
    if (room < count) scram_ring_lose(ring, count - room);
    return room;
}

void scram_ring_lose(struct scram_ring_end* ring, unsigned count) {
    ring->lost += count;
    __atomic_store_n(&ring->memory->lost, ring->lost, __ATOMIC_SEQ_CST);
}
