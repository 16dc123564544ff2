/* Inside of the client library: the gate region of scramd, mapped read-only (core/signal.h). */
#ifndef SCRAM_CLIENT_GATES_H
#define SCRAM_CLIENT_GATES_H

#include "client/channel.h"

#pragma GCC visibility push(hidden)

struct scram_gates_view {
    const struct scram_gates* region;
    const int64_t* heartbeat; /* within the region; NULL: this scramd writes none */
    size_t size;
    uint16_t families; /* words in region->gates; what the region says later is not believed */
};

/* Maps the region that came with the answer to SCRAM_ATTACH. The caller closes `fd`. */
scram_result scram_gates_open(struct scram_gates_view* gates, struct scram_channel* channel,
                              int fd);
void scram_gates_close(struct scram_gates_view* gates);

/* 1 for a family that the region does not have, too. */
int scram_gates_closed(const struct scram_gates_view* gates, uint16_t family);

/* 0 for a scramd that ends, hangs, is stopped or was killed: it writes no heartbeat. `offset_ns` is
 * its clock less ours. */
int scram_gates_run(const struct scram_gates_view* gates, int64_t offset_ns);

/* The number of the sleep that scramd is in; 0: it is awake. */
uint64_t scram_gates_asleep(const struct scram_gates_view* gates);

#pragma GCC visibility pop

#endif
