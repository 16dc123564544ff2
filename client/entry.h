/* Inside of the client library: one thread at a time in a handle. A second one is refused, not let
 * in to spoil what the first is at. Handing a handle over to another thread is fine, and what the
 * first wrote is then seen by the next. */
#ifndef SCRAM_CLIENT_ENTRY_H
#define SCRAM_CLIENT_ENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct scram_entry {
    uint64_t id; /* of the handle, never used again */
    atomic_bool taken;
    atomic_bool ever_refused;
    atomic_uint lost; /* signals of refused calls: scramd is told by whoever is inside */
};

void scram_entry_open(struct scram_entry* entry);

bool scram_entry_take(struct scram_entry* entry);
void scram_entry_leave(struct scram_entry* entry);

/* How many signals were refused since it was asked last. */
unsigned scram_entry_lost(struct scram_entry* entry);

/* A call with so many signals was not let in. */
void scram_entry_refuse(struct scram_entry* entry, unsigned signals);

/* Whether the last call of this very thread was refused: it has no right to the handle's text. */
bool scram_entry_refused_here(const struct scram_entry* entry);

#pragma GCC visibility pop

#endif
