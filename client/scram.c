/* The C client: a batch of signals on its way to the ring or the socket, and the gate region of
 * scramd, mapped read-only.
 * Whatever cannot be known counts as halted. */
#define _GNU_SOURCE
#include "client/scram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/channel.h"
#include "client/entry.h"
#include "client/gates.h"
#include "client/ring.h"

struct scram_client {
    struct scram_channel channel;
    struct scram_entry entry;
    struct scram_ring_end ring;
    struct scram_gates_view gates;
    int64_t clock_offset_ns; /* scramd's clock less ours: 0 unless the time namespaces differ */
    uint16_t source;
    int restarts;      /* scramd knows them (SCRAM_KNOWS_RESTARTS) */
    unsigned batched;  /* signals gathered in batch */
    uint64_t sequence; /* of the last signal by the socket, sent or lost */
    uint64_t rang_in;  /* the sleep of scramd in which it was rung for last */
    int64_t listened_ns;
    struct scram_signal batch[SCRAM_BATCH_MAX];
};

static _Thread_local char attach_error[SCRAM_ERROR_SIZE];

static scram_result attach(scram_client* client, const char* path, const char* name);
static scram_result map_memory(scram_client* client, const struct scram_answer* answer);
static void compare_clocks(scram_client* client, int64_t asked_ns, int64_t answered_ns);
static scram_result put_in_ring(scram_client* client, unsigned count, int64_t now_ns);
static scram_result send_batch(scram_client* client, unsigned count);
static scram_result say_goodbye(scram_client* client, scram_result flushed);
static scram_result enter(scram_client* client, unsigned signals);
static scram_result leave(scram_client* client, scram_result result);
static scram_result add(scram_client* client, const struct scram_signal* signal);
static scram_result flush(scram_client* client);

static scram_result first_of(scram_result first, scram_result second) {
    return first != SCRAM_DONE ? first : second;
}

scram_result scram_attach(scram_client** out, const char* socket_path, const char* source_name) {
    *out = NULL;
    scram_client* client = calloc(1, sizeof *client);
    if (client == NULL) {
        snprintf(attach_error, sizeof attach_error, "out of memory");
        return SCRAM_MEMORY;
    }
    scram_entry_open(&client->entry);
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
    client->ring.batches = (answer.record.sequence & SCRAM_KNOWS_BATCHES) != 0;
    client->restarts = (answer.record.sequence & SCRAM_KNOWS_RESTARTS) != 0;
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
    const scram_result mapped = scram_gates_open(&client->gates, &client->channel, answer->fds[0]);
    if (mapped != SCRAM_DONE || answer->fds[1] < 0) return mapped;
    return scram_ring_open(&client->ring, &client->channel, answer->fds[1]);
}

/* The entry is taken for good: the handle ends with it. */
scram_result scram_detach(scram_client* client) {
    if (client == NULL) return SCRAM_DONE;
    scram_result result = enter(client, 0);
    if (result == SCRAM_INVALID) return result;
    if (result == SCRAM_DONE) result = say_goodbye(client, flush(client));
    scram_abandon(client);
    return result;
}

static scram_result say_goodbye(scram_client* client, scram_result flushed) {
    if (!scram_channel_usable(&client->channel)) return flushed;
    const struct scram_request request = {.kind = SCRAM_GOODBYE,
                                          .source = client->source,
                                          .sequence = client->sequence,
                                          .wait_ms = SCRAM_GOODBYE_MS};
    struct scram_answer answer;
    return first_of(flushed, scram_channel_ask(&client->channel, &request, &answer));
}

void scram_abandon(scram_client* client) {
    if (client == NULL) return;
    scram_gates_close(&client->gates);
    scram_ring_close(&client->ring);
    scram_channel_close(&client->channel);
    free(client);
}

static scram_result resolve(scram_client* client, uint8_t kind, const char* name,
                            struct scram_signal* record) {
    const scram_result entered = enter(client, 0);
    if (entered != SCRAM_DONE) return entered;
    const struct scram_request request = {
        .kind = kind, .source = client->source, .name = name, .wait_ms = SCRAM_WAIT_MS};
    struct scram_answer answer;
    const scram_result result = scram_channel_ask(&client->channel, &request, &answer);
    if (result == SCRAM_DONE) *record = answer.record;
    return leave(client, result);
}

scram_result scram_family(scram_client* client, const char* name, uint16_t* id) {
    struct scram_signal record = {0};
    const scram_result result = resolve(client, SCRAM_FAMILY, name, &record);
    if (result == SCRAM_DONE) *id = record.family;
    return result;
}

scram_result scram_metric(scram_client* client, const char* name, uint16_t* id) {
    struct scram_signal record = {0};
    const scram_result result = resolve(client, SCRAM_METRIC, name, &record);
    if (result == SCRAM_DONE) *id = record.metric;
    return result;
}

static struct scram_signal value_of(const scram_client* client, uint8_t kind, uint16_t family,
                                    uint16_t metric, double value) {
    return (struct scram_signal){.value = value,
                                 .family = family,
                                 .metric = metric,
                                 .source = client->source,
                                 .version = SCRAM_VERSION,
                                 .kind = kind};
}

scram_result scram_add(scram_client* client, uint16_t family, uint16_t metric, double value) {
    const struct scram_signal signal = value_of(client, SCRAM_VALUE, family, metric, value);
    const scram_result entered = enter(client, 1);
    return entered != SCRAM_DONE ? entered : leave(client, add(client, &signal));
}

scram_result scram_publish(scram_client* client, uint16_t family, uint16_t metric, double value) {
    const struct scram_signal signal = value_of(client, SCRAM_VALUE, family, metric, value);
    const scram_result entered = enter(client, 1);
    if (entered != SCRAM_DONE) return entered;
    const scram_result added = add(client, &signal);
    return leave(client, first_of(added, flush(client)));
}

/* To a scramd that does not know the kind it would be a bad record, and trip. */
static scram_result refuse_restart(scram_client* client) {
    if (client->restarts) return SCRAM_DONE;
    return scram_channel_fail(&client->channel, SCRAM_DENIED,
                              "this scramd is too old to be told that a series restarts: nothing "
                              "was sent");
}

scram_result scram_add_restart(scram_client* client, uint16_t family, uint16_t metric,
                               double value) {
    const struct scram_signal signal = value_of(client, SCRAM_RESTART, family, metric, value);
    const scram_result entered = enter(client, 1);
    if (entered != SCRAM_DONE) return entered;
    const scram_result refused = refuse_restart(client);
    return leave(client, refused != SCRAM_DONE ? refused : add(client, &signal));
}

scram_result scram_restart(scram_client* client, uint16_t family, uint16_t metric, double value) {
    const struct scram_signal signal = value_of(client, SCRAM_RESTART, family, metric, value);
    const scram_result entered = enter(client, 1);
    if (entered != SCRAM_DONE) return entered;
    const scram_result refused = refuse_restart(client);
    if (refused != SCRAM_DONE) return leave(client, refused);
    const scram_result added = add(client, &signal);
    return leave(client, first_of(added, flush(client)));
}

scram_result scram_flush(scram_client* client) {
    const scram_result entered = enter(client, 0);
    return entered != SCRAM_DONE ? entered : leave(client, flush(client));
}

static scram_result beat(scram_client* client) {
    const struct scram_signal signal = {
        .source = client->source, .version = SCRAM_VERSION, .kind = SCRAM_HEARTBEAT};
    const scram_result added = add(client, &signal);
    const scram_result sent = first_of(added, flush(client));
    if (!scram_channel_usable(&client->channel)) return SCRAM_GONE;
    const scram_result heard = scram_channel_listen(&client->channel);
    return first_of(heard, sent);
}

scram_result scram_heartbeat(scram_client* client) {
    const scram_result entered = enter(client, 0);
    return entered != SCRAM_DONE ? entered : leave(client, beat(client));
}

static scram_result add(scram_client* client, const struct scram_signal* signal) {
    const scram_result result = client->batched == SCRAM_BATCH_MAX ? flush(client) : SCRAM_DONE;
    client->batch[client->batched++] = *signal;
    return result;
}

static scram_result flush(scram_client* client) {
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

/* Once in a sleep is enough (net/sources/ring.h). If the socket has no room, scramd has messages to
 * read, and does not sleep on. */
static scram_result wake(scram_client* client) {
    const uint64_t asleep = scram_gates_asleep(&client->gates);
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

/* In a forked child the entry may be taken by a thread that is not there: nothing is refused. */
static scram_result enter(scram_client* client, unsigned signals) {
    if (!scram_channel_usable(&client->channel)) return scram_channel_unusable(&client->channel);
    if (scram_entry_take(&client->entry)) return SCRAM_DONE;
    scram_entry_refuse(&client->entry, signals);
    return SCRAM_INVALID;
}

static void tell_lost(scram_client* client, unsigned count) {
    if (client->ring.memory == NULL) {
        client->sequence += count;
        return;
    }
    scram_ring_lose(&client->ring, count);
    wake(client);
}

/* A signal of a call that was refused is lost like one that found the ring full: scramd sees that.
 */
static scram_result leave(scram_client* client, scram_result result) {
    const unsigned lost = scram_entry_lost(&client->entry);
    if (lost != 0) tell_lost(client, lost);
    scram_entry_leave(&client->entry);
    return result;
}

int scram_attached(const scram_client* client) {
    return client != NULL && scram_channel_usable(&client->channel) &&
           scram_gates_run(&client->gates, client->clock_offset_ns);
}

int scram_halted(const scram_client* client, uint16_t family) {
    if (client == NULL || !scram_channel_usable(&client->channel)) return 1;
    return scram_gates_closed(&client->gates, family) ||
           !scram_gates_run(&client->gates, client->clock_offset_ns);
}

const char* scram_error(const scram_client* client) {
    if (client == NULL) return attach_error;
    if (scram_entry_refused_here(&client->entry)) {
        return "another thread is in a call on this handle: one at a time may use it";
    }
    return client->channel.error;
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
