/* Inside of the client library: the writing end of this source's ring (core/signal.h). */
#ifndef SCRAM_CLIENT_RING_H
#define SCRAM_CLIENT_RING_H

#include "client/channel.h"

#pragma GCC visibility push(hidden)

struct scram_ring_end {
    struct scram_ring* memory; /* NULL: signals go by the socket */
    uint64_t published;        /* number of the last signal */
    uint64_t read;             /* as scramd said last; what it says later can only be more */
    uint64_t lost;
    int batches; /* scramd knows them (SCRAM_KNOWS_BATCHES) */
};

/* Maps the ring that came with the answer to SCRAM_ATTACH. The caller closes `fd`. */
scram_result scram_ring_open(struct scram_ring_end* ring, struct scram_channel* channel, int fd);
void scram_ring_close(struct scram_ring_end* ring);

/* Numbers and publishes as many as there is room for, counts the others as lost, and returns how
 * many were published. */
unsigned scram_ring_publish(struct scram_ring_end* ring, const struct scram_signal* signals,
                            unsigned count);

/* Has scramd know that so many signals are lost. */
void scram_ring_lose(struct scram_ring_end* ring, unsigned count);

#pragma GCC visibility pop

#endif
