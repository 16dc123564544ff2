/* The C client: a batch of signals on its way to the ring or the socket, and the gate region of
 * scramd, mapped read-only.
 * Whatever cannot be known counts as halted. */
#define _GNU_SOURCE
#include "client/scram.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/channel.h"
#include "client/ring.h"

struct scram_client {
    struct scram_channel channel;
    struct scram_ring_end ring;
    const struct scram_gates* gates;
    const int64_t* heartbeat; /* within the gate region; NULL: this scramd writes none */
    size_t gates_size;
    int64_t clock_offset_ns; /* scramd's clock less ours: 0 unless the time namespaces differ */
    uint16_t source;
    uint16_t families; /* words in gates->gates; what the region says later is not believed */
    unsigned batched;  /* signals gathered in batch */
    uint64_t sequence; /* of the last signal by the socket, sent or lost */
    uint64_t rang_in;  /* the sleep of scramd in which it was rung for last */
    int64_t listened_ns;
    struct scram_signal batch[SCRAM_BATCH_MAX];
};

static _Thread_local char attach_error[SCRAM_ERROR_SIZE];

static scram_result attach(scram_client* client, const char* path, const char* name);
static scram_result map_memory(scram_client* client, const struct scram_answer* answer);
static scram_result map_gates(scram_client* client, int fd);
static void compare_clocks(scram_client* client, int64_t asked_ns, int64_t answered_ns);
static scram_result put_in_ring(scram_client* client, unsigned count, int64_t now_ns);
static scram_result send_batch(scram_client* client, unsigned count);

scram_result scram_attach(scram_client** out, const char* socket_path, const char* source_name) {
    *out = NULL;
    scram_client* client = calloc(1, sizeof *client);
    if (client == NULL) {
        snprintf(attach_error, sizeof attach_error, "out of memory");
        return SCRAM_MEMORY;
    }
    const scram_result result = attach(client, socket_path, source_name);
    if (result == SCRAM_DONE) {
        *out = client;
    } else {
        memcpy(attach_error, client->channel.error, sizeof attach_error);
        scram_abandon(client);
    }
    return result;
}

static const char* default_path(void) {
    const char* path = getenv("SCRAM_SOCKET");
    return path != NULL && *path != '\0' ? path : SCRAM_DEFAULT_SOCKET;
}

static int wants_ring(void) {
    const char* ring = getenv("SCRAM_RING");
    return ring == NULL || strcmp(ring, "off") != 0;
}

static scram_result attach(scram_client* client, const char* path, const char* name) {
    scram_result result =
        scram_channel_open(&client->channel, path != NULL ? path : default_path());
    if (result != SCRAM_DONE) return result;
    const struct scram_request request = {.kind = SCRAM_ATTACH,
                                          .sequence = wants_ring() ? SCRAM_WANTS_RING : 0,
                                          .name = name,
                                          .wait_ms = SCRAM_WAIT_MS};
    struct scram_answer answer;
    const int64_t asked_ns = scram_now_ns();
    result = scram_channel_ask(&client->channel, &request, &answer);
    if (result != SCRAM_DONE) return result;
    client->source = answer.record.source;
    client->listened_ns = scram_now_ns();
    compare_clocks(client, asked_ns, answer.record.published_ns);
    result = map_memory(client, &answer);
    scram_answer_drop(&answer);
    return result;
}

/* One clock counts for all processes, but in a time namespace it is shifted. What scramd read while
 * it answered then stands outside of the time that we waited, and the middle of that is the best
 * guess when it was. */
static void compare_clocks(scram_client* client, int64_t asked_ns, int64_t answered_ns) {
    const int64_t heard_ns = client->listened_ns;
    if (answered_ns == 0) return; /* a scramd that does not say */
    if (answered_ns >= asked_ns && answered_ns <= heard_ns) return;
    client->clock_offset_ns = answered_ns - (asked_ns + (heard_ns - asked_ns) / 2);
}

/* A scramd that cannot make a ring, or is too old for it, sends none. */
static scram_result map_memory(scram_client* client, const struct scram_answer* answer) {
    const scram_result mapped = map_gates(client, answer->fds[0]);
    if (mapped != SCRAM_DONE || answer->fds[1] < 0) return mapped;
    return scram_ring_open(&client->ring, &client->channel, answer->fds[1]);
}

static scram_result map_gates(scram_client* client, int fd) {
    struct scram_channel* channel = &client->channel;
    struct scram_gates head;
    struct stat file;
    if (fd < 0) return scram_channel_fail(channel, SCRAM_PROTOCOL, "scramd sent no gate region");
    if (pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head || fstat(fd, &file) != 0) {
        return scram_channel_fail(channel, SCRAM_PROTOCOL,
                                  "the gate region has no header of %zu bytes", sizeof head);
    }
    if (head.magic != SCRAM_GATE_MAGIC || head.version != SCRAM_VERSION) {
        return scram_channel_fail(
            channel, SCRAM_PROTOCOL, "the gate region has magic %#x and version %u, not %#x and %u",
            head.magic, head.version, (unsigned)SCRAM_GATE_MAGIC, (unsigned)SCRAM_VERSION);
    }
    const int beats = head.halted_after_ms != 0;
    const size_t heartbeat_at = SCRAM_HEARTBEAT_AT(head.families);
    const size_t size =
        beats ? heartbeat_at + sizeof(int64_t) : sizeof head + head.families * sizeof head.gates[0];
    if (file.st_size < (off_t)size) {
        return scram_channel_fail(channel, SCRAM_PROTOCOL,
                                  "the gate region of %u families has %lld bytes, not %zu",
                                  head.families, (long long)file.st_size, size);
    }
    /* A region that could shrink could end this process with SIGBUS in the middle of a quote. */
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
        return scram_channel_fail(channel, SCRAM_PROTOCOL,
                                  "the gate region is not sealed against shrinking");
    }
    void* region = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (region == MAP_FAILED) {
        return scram_channel_fail(channel, SCRAM_MEMORY, "cannot map the gate region: %m");
    }
    client->gates = region;
    client->gates_size = size;
    if (beats) client->heartbeat = (const int64_t*)((const char*)region + heartbeat_at);
    client->families = head.families;
    return SCRAM_DONE;
}

scram_result scram_detach(scram_client* client) {
    if (client == NULL) return SCRAM_DONE;
    scram_result result = scram_flush(client);
    if (scram_channel_usable(&client->channel)) {
        const struct scram_request request = {
            .kind = SCRAM_GOODBYE, .source = client->source, .wait_ms = SCRAM_GOODBYE_MS};
        struct scram_answer answer;
        const scram_result goodbye = scram_channel_ask(&client->channel, &request, &answer);
        if (result == SCRAM_DONE) result = goodbye;
    }
    scram_abandon(client);
    return result;
}

void scram_abandon(scram_client* client) {
    if (client == NULL) return;
    if (client->gates != NULL) munmap((void*)(uintptr_t)client->gates, client->gates_size);
    scram_ring_close(&client->ring);
    scram_channel_close(&client->channel);
    free(client);
}

static scram_result resolve(scram_client* client, uint8_t kind, const char* name,
                            struct scram_signal* record) {
    const struct scram_request request = {
        .kind = kind, .source = client->source, .name = name, .wait_ms = SCRAM_WAIT_MS};
    struct scram_answer answer;
    const scram_result result = scram_channel_ask(&client->channel, &request, &answer);
    if (result == SCRAM_DONE) *record = answer.record;
    return result;
}

scram_result scram_family(scram_client* client, const char* name, uint16_t* id) {
    struct scram_signal record;
    const scram_result result = resolve(client, SCRAM_FAMILY, name, &record);
    if (result == SCRAM_DONE) *id = record.family;
    return result;
}

scram_result scram_metric(scram_client* client, const char* name, uint16_t* id) {
    struct scram_signal record;
    const scram_result result = resolve(client, SCRAM_METRIC, name, &record);
    if (result == SCRAM_DONE) *id = record.metric;
    return result;
}

static scram_result first_of(scram_result first, scram_result second) {
    return first != SCRAM_DONE ? first : second;
}

static scram_result add(scram_client* client, const struct scram_signal* signal) {
    const scram_result result =
        client->batched == SCRAM_BATCH_MAX ? scram_flush(client) : SCRAM_DONE;
    client->batch[client->batched++] = *signal;
    return result;
}

scram_result scram_add(scram_client* client, uint16_t family, uint16_t metric, double value) {
    const struct scram_signal signal = {.value = value,
                                        .family = family,
                                        .metric = metric,
                                        .source = client->source,
                                        .version = SCRAM_VERSION,
                                        .kind = SCRAM_VALUE};
    return add(client, &signal);
}

scram_result scram_publish(scram_client* client, uint16_t family, uint16_t metric, double value) {
    const scram_result added = scram_add(client, family, metric, value);
    return first_of(added, scram_flush(client));
}

scram_result scram_heartbeat(scram_client* client) {
    const struct scram_signal signal = {
        .source = client->source, .version = SCRAM_VERSION, .kind = SCRAM_HEARTBEAT};
    const scram_result added = add(client, &signal);
    const scram_result sent = first_of(added, scram_flush(client));
    if (!scram_channel_usable(&client->channel)) return SCRAM_GONE;
    const scram_result heard = scram_channel_listen(&client->channel);
    return first_of(heard, sent);
}

scram_result scram_flush(scram_client* client) {
    const unsigned count = client->batched;
    client->batched = 0;
    if (!scram_channel_usable(&client->channel)) return scram_channel_unusable(&client->channel);
    if (count == 0) return SCRAM_DONE;
    const int64_t now_ns = scram_now_ns();
    const int64_t stamp_ns = now_ns + client->clock_offset_ns;
    for (unsigned i = 0; i < count; ++i) client->batch[i].published_ns = stamp_ns;
    return client->ring.memory != NULL ? put_in_ring(client, count, now_ns)
                                       : send_batch(client, count);
}

static scram_result send_batch(scram_client* client, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        client->batch[i].sequence = ++client->sequence; /* used even if the send fails */
    }
    return scram_channel_send(&client->channel, client->batch, count);
}

static scram_result wake(scram_client* client);
static scram_result listen_now_and_then(scram_client* client, int at_once, int64_t now_ns);

static scram_result put_in_ring(scram_client* client, unsigned count, int64_t now_ns) {
    const unsigned published = scram_ring_publish(&client->ring, client->batch, count);
    const scram_result woken = wake(client);
    const int is_full = published < count;
    const scram_result heard = listen_now_and_then(client, is_full, now_ns);
    if (woken == SCRAM_GONE || heard != SCRAM_DONE) return SCRAM_GONE;
    if (!is_full) return SCRAM_DONE;
    return scram_channel_fail(&client->channel, SCRAM_FULL,
                              "scramd is behind: %u signals found the ring full and are lost",
                              count - published);
}

/* Once in a sleep is enough (net/ring.h). If the socket has no room, scramd has messages to read,
 * and does not sleep on. */
static scram_result wake(scram_client* client) {
    const uint64_t asleep = __atomic_load_n(&client->gates->asleep, __ATOMIC_SEQ_CST);
    if (asleep == 0 || asleep == client->rang_in) return SCRAM_DONE;
    client->rang_in = asleep;
    const struct scram_signal doorbell = {
        .source = client->source, .version = SCRAM_VERSION, .kind = SCRAM_DOORBELL};
    return scram_channel_send(&client->channel, &doorbell, 1);
}

/* Memory does not say that its reader died; the socket does. */
static scram_result listen_now_and_then(scram_client* client, int at_once, int64_t now_ns) {
    const int64_t pause_ns = SCRAM_LISTEN_MS * INT64_C(1000000);
    if (!at_once && now_ns - client->listened_ns < pause_ns) return SCRAM_DONE;
    client->listened_ns = now_ns;
    return scram_channel_listen(&client->channel);
}

static uint32_t load(const uint32_t* word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* One that ends, hangs, is stopped or was killed writes no heartbeat; only the first says so. */
static int runs(const scram_client* client) {
    if (load(&client->gates->running) == 0) return 0;
    if (client->heartbeat == NULL) return 1;
    const int64_t age_ns = scram_tick_ns() + client->clock_offset_ns -
                           __atomic_load_n(client->heartbeat, __ATOMIC_ACQUIRE);
    return age_ns <= load(&client->gates->halted_after_ms) * INT64_C(1000000);
}

int scram_attached(const scram_client* client) {
    return client != NULL && scram_channel_usable(&client->channel) && runs(client);
}

int scram_halted(const scram_client* client, uint16_t family) {
    if (client == NULL || !scram_channel_usable(&client->channel)) return 1;
    if (family >= client->families) return 1;
    if (load(&client->gates->gates[family]) != SCRAM_GATE_OPEN) return 1;
    return !runs(client);
}

const char* scram_error(const scram_client* client) {
    return client == NULL ? attach_error : client->channel.error;
}

const char* scram_strerror(scram_result result) {
    switch (result) {
        case SCRAM_DONE:
            return "done";
        case SCRAM_FULL:
            return "scramd is behind, signals are lost";
        case SCRAM_GONE:
            return "scramd is gone";
        case SCRAM_DENIED:
            return "scramd refused";
        case SCRAM_TIMEOUT:
            return "scramd did not answer in time";
        case SCRAM_UNREACHABLE:
            return "scramd cannot be reached";
        case SCRAM_PROTOCOL:
            return "scramd speaks another protocol";
        case SCRAM_INVALID:
            return "an argument is not acceptable";
        case SCRAM_MEMORY:
            return "out of memory or file descriptors";
    }
    return "not a result of this library";
}
