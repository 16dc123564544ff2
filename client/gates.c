#define _GNU_SOURCE
#include "client/gates.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define fail scram_channel_fail

scram_result scram_gates_open(struct scram_gates_view* gates, struct scram_channel* channel,
                              int fd) {
    struct scram_gates head;
    struct stat file;
    if (fd < 0) return fail(channel, SCRAM_PROTOCOL, "scramd sent no gate region");
    if (pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head || fstat(fd, &file) != 0) {
        return fail(channel, SCRAM_PROTOCOL, "the gate region has no header of %zu bytes",
                    sizeof head);
    }
    if (head.magic != SCRAM_GATE_MAGIC || head.version != SCRAM_VERSION) {
        return fail(channel, SCRAM_PROTOCOL,
                    "the gate region has magic %#x and version %u, not %#x and %u", head.magic,
                    head.version, (unsigned)SCRAM_GATE_MAGIC, (unsigned)SCRAM_VERSION);
    }
    const int beats = head.halted_after_ms != 0;
    const size_t heartbeat_at = SCRAM_HEARTBEAT_AT(head.families);
    const size_t size =
        beats ? heartbeat_at + sizeof(int64_t) : sizeof head + head.families * sizeof head.gates[0];
    if (file.st_size < (off_t)size) {
        return fail(channel, SCRAM_PROTOCOL,
                    "the gate region of %u families has %lld bytes, not %zu", head.families,
                    (long long)file.st_size, size);
    }
    /* A region that could shrink could end this process with SIGBUS in the middle of a quote. */
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
        return fail(channel, SCRAM_PROTOCOL, "the gate region is not sealed against shrinking");
    }
    void* region = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (region == MAP_FAILED) {
        return fail(channel, SCRAM_MEMORY, "cannot map the gate region: %m");
    }
    gates->region = region;
    gates->size = size;
    if (beats) gates->heartbeat = (const int64_t*)((const char*)region + heartbeat_at);
    gates->families = head.families;
    return SCRAM_DONE;
}

void scram_gates_close(struct scram_gates_view* gates) {
    if (gates->region != NULL) munmap((void*)(uintptr_t)gates->region, gates->size);
}

static uint32_t load(const uint32_t* word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

int scram_gates_closed(const struct scram_gates_view* gates, uint16_t family) {
    return family >= gates->families || load(&gates->region->gates[family]) != SCRAM_GATE_OPEN;
}

int scram_gates_run(const struct scram_gates_view* gates, int64_t offset_ns) {
    if (load(&gates->region->running) == 0) return 0;
    if (gates->heartbeat == NULL) return 1;
    const int64_t age_ns =
        scram_tick_ns() + offset_ns - __atomic_load_n(gates->heartbeat, __ATOMIC_ACQUIRE);
    return age_ns <= load(&gates->region->halted_after_ms) * INT64_C(1000000);
}

uint64_t scram_gates_asleep(const struct scram_gates_view* gates) {
    return __atomic_load_n(&gates->region->asleep, __ATOMIC_SEQ_CST);
}
