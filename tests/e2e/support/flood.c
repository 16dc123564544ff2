/* A source that floods: it sends full batches of well-numbered values on a connection that is
 * attached already, as fast as scramd takes them ("wait"), or faster ("lose": what does not fit is
 * lost, and its numbers are used, as the client library does it). Each thousand of batches
 * taken is a dot on stdout.
 *
 *     flood DESCRIPTOR SOURCE FAMILY METRIC LAST_SEQUENCE wait|lose
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/signal.h"

enum { dot = 1000 * SCRAM_BATCH_MAX }; /* records */

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static uint16_t id(const char* text) {
    return (uint16_t)strtoul(text, NULL, 10);
}

int main(int argc, char** argv) {
    if (argc != 7) {
        fputs("usage: flood DESCRIPTOR SOURCE FAMILY METRIC LAST_SEQUENCE wait|lose\n", stderr);
        return 2;
    }
    const int fd = atoi(argv[1]);
    const int flags = MSG_NOSIGNAL | (strcmp(argv[6], "lose") == 0 ? MSG_DONTWAIT : 0);
    uint64_t sequence = strtoull(argv[5], NULL, 10);
    struct scram_signal batch[SCRAM_BATCH_MAX];
    for (int i = 0; i < SCRAM_BATCH_MAX; ++i) {
        batch[i] = (struct scram_signal){.source = id(argv[2]),
                                         .family = id(argv[3]),
                                         .metric = id(argv[4]),
                                         .version = SCRAM_VERSION,
                                         .kind = SCRAM_VALUE};
    }
    for (uint64_t taken = 0;;) {
        const int64_t published_ns = now_ns();
        for (int i = 0; i < SCRAM_BATCH_MAX; ++i) {
            batch[i].sequence = ++sequence;
            batch[i].published_ns = published_ns;
            batch[i].value = (double)(sequence % 16);
        }
        if (send(fd, batch, sizeof batch, flags) == sizeof batch) {
            taken += SCRAM_BATCH_MAX;
            if (taken % dot == 0 && write(STDOUT_FILENO, ".", 1) != 1) return 1;
        } else if (errno != EAGAIN && errno != EINTR) {
            return 0; /* scramd has ended */
        }
    }
}
