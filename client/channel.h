/* Inside of the client library: the connection to scramd, a Unix SEQPACKET socket. It sends, asks
 * and listens, and knows nothing of batches, rings and gates. */
#ifndef SCRAM_CLIENT_CHANNEL_H
#define SCRAM_CLIENT_CHANNEL_H

#include <stdatomic.h>
#include <stdint.h>

#include "client/scram.h"

#pragma GCC visibility push(hidden)

enum { SCRAM_ERROR_SIZE = 512, SCRAM_ANSWER_FDS = 2 };

struct scram_channel {
    int fd;
    unsigned late;         /* answers to requests that were given up, still to come */
    atomic_bool gone;      /* never goes back */
    const uint32_t* owned; /* a page that says 1, but 0 in a forked child */
    char error[SCRAM_ERROR_SIZE];
};

struct scram_request {
    uint8_t kind;
    uint16_t source;
    uint64_t sequence;
    const char* name; /* NULL if the kind has none */
    int wait_ms;
};

struct scram_answer {
    struct scram_signal record;
    char text[SCRAM_TEXT_MAX + 1];
    int fds[SCRAM_ANSWER_FDS]; /* that came with it, else -1; the caller drops the answer */
};

/* Whatever open returns, close ends it. */
scram_result scram_channel_open(struct scram_channel* channel, const char* path);
void scram_channel_close(struct scram_channel* channel);

/* One request and its answer; SCRAM_DENIED with scramd's words if it refused. */
scram_result scram_channel_ask(struct scram_channel* channel, const struct scram_request* request,
                               struct scram_answer* answer);

/* Closes what came with it. */
void scram_answer_drop(struct scram_answer* answer);

/* One message of `count` signals, without waiting. SCRAM_FULL: the socket's buffer has no room. */
scram_result scram_channel_send(struct scram_channel* channel, const struct scram_signal* signals,
                                unsigned count);

/* Reads, without waiting, what scramd sent unasked: SCRAM_GONE if that says that it ended. */
scram_result scram_channel_listen(struct scram_channel* channel);

int scram_channel_usable(const struct scram_channel* channel);

/* SCRAM_GONE, and the reason if none is noted yet. */
scram_result scram_channel_unusable(struct scram_channel* channel);

/* Notes why, and returns `result`. */
scram_result scram_channel_fail(struct scram_channel* channel, scram_result result,
                                const char* format, ...) __attribute__((format(printf, 3, 4)));

int64_t scram_now_ns(void);

/* The same clock as of the kernel's last tick, some milliseconds old at most, for a quarter of the
 * cost. */
int64_t scram_tick_ns(void);

#pragma GCC visibility pop

#endif
