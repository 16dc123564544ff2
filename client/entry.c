#include "client/entry.h"

static atomic_uint_fast64_t last_id;
static _Thread_local uint64_t refused_here; /* the id of the entry; 0: none */

void scram_entry_open(struct scram_entry* entry) {
    entry->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
}

bool scram_entry_take(struct scram_entry* entry) {
    if (atomic_exchange_explicit(&entry->taken, true, memory_order_acquire)) return false;
    if (atomic_load_explicit(&entry->ever_refused, memory_order_relaxed)) refused_here = 0;
    return true;
}

void scram_entry_leave(struct scram_entry* entry) {
    atomic_store_explicit(&entry->taken, false, memory_order_release);
}

unsigned scram_entry_lost(struct scram_entry* entry) {
    if (atomic_load_explicit(&entry->lost, memory_order_relaxed) == 0) return 0;
    return atomic_exchange_explicit(&entry->lost, 0, memory_order_relaxed);
}

void scram_entry_refuse(struct scram_entry* entry, unsigned signals) {
    atomic_store_explicit(&entry->ever_refused, true, memory_order_relaxed);
    atomic_fetch_add_explicit(&entry->lost, signals, memory_order_relaxed);
    refused_here = entry->id;
}

bool scram_entry_refused_here(const struct scram_entry* entry) {
    return refused_here == entry->id;
}
