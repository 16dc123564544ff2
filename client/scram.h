/* What a market maker links: it publishes risk signals to scramd, and asks before each quote
 * whether it may quote at all.
 *
 *     scram_client* scramd;
 *     uint16_t btc, delta;
 *     if (scram_attach(&scramd, NULL, "maker-1")) die(scram_error(NULL));
 *     if (scram_family(scramd, "mm-1/BTC-USD", &btc)) die(scram_error(scramd));
 *     if (scram_metric(scramd, "delta", &delta)) die(scram_error(scramd));
 *     for (;;) {
 *         scram_publish(scramd, btc, delta, position_delta());
 *         if (!scram_halted(scramd, btc)) quote();
 *     }
 *     scram_detach(scramd);
 *
 * Threads: one thread at a time per handle; handing it over to another one is fine. A call that
 * finds another thread inside is refused (SCRAM_INVALID), and a signal that it had is lost, which
 * trips. scram_halted and scram_attached alone may be called from any thread while the handle
 * lives.
 *
 * Fork: a handle belongs to the process that attached. In a forked child it counts as halted and
 * gone; the child should call scram_abandon at once, because as long as it holds the connection
 * open, scramd cannot see that the parent died. After exec nothing is left of it.
 *
 * The way of a signal is a ring in shared memory that scramd makes for this handle: a publish is a
 * few stores, and a system call only to wake a scramd that sleeps (`wait = "sleep"` in its config)
 * and each SCRAM_LISTEN_MS to look whether it lives. Where scramd has none to give, or if
 * $SCRAM_RING is "off", signals are messages on the socket. Nothing else differs.
 *
 * Time: only scram_attach (SCRAM_WAIT_MS to connect and as long again to be answered), scram_family
 * and scram_metric (SCRAM_WAIT_MS) and scram_detach (SCRAM_GOODBYE_MS) wait, and not longer than
 * that. Nothing raises a signal (no SIGPIPE).
 */
#ifndef SCRAM_H
#define SCRAM_H

#include <stdint.h>

#include "core/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SCRAM_DEFAULT_SOCKET "/run/scramd/signals.sock"

enum {
    SCRAM_WAIT_MS = 1000,   /* longest wait for an answer of scramd */
    SCRAM_GOODBYE_MS = 200, /* longest wait for the answer to a goodbye */
    SCRAM_LISTEN_MS = 100   /* after so long, a publish looks whether scramd still lives */
};

typedef enum scram_result {
    SCRAM_DONE = 0,
    SCRAM_FULL,        /* scramd is behind; these signals, or the last of them, are lost */
    SCRAM_GONE,        /* the connection is lost or scramd ended; attach again with a new handle */
    SCRAM_DENIED,      /* scramd refused; scram_error has its words */
    SCRAM_TIMEOUT,     /* no answer within SCRAM_WAIT_MS */
    SCRAM_UNREACHABLE, /* nothing accepts connections at this path, or not from this user */
    SCRAM_PROTOCOL,    /* what answers does not speak this version of the protocol */
    SCRAM_INVALID,     /* an argument is not acceptable, or another thread is in a call on this
                        * handle; nothing was sent */
    SCRAM_MEMORY       /* the system is out of memory or file descriptors */
} scram_result;

typedef struct scram_client scram_client;

/* Connects to scramd as source `source_name` (1 to 31 bytes, as scramd's config names it). A NULL
 * `socket_path` means $SCRAM_SOCKET, or SCRAM_DEFAULT_SOCKET if that is unset or empty. On success
 * *out is a handle, to be ended by scram_detach; else *out is NULL and scram_error(NULL) says why.
 */
scram_result scram_attach(scram_client** out, const char* socket_path, const char* source_name);

/* Ask scramd for the id of a family ("mm-1/BTC-USD") or a metric ("delta") of its config. Ids hold
 * until the handle ends. SCRAM_DENIED: scramd does not know the name, or this source has no part in
 * it. */
scram_result scram_family(scram_client* client, const char* name, uint16_t* id);
scram_result scram_metric(scram_client* client, const char* name, uint16_t* id);

/* `metric` of `family` is now `value`, in the unit that the limits in scramd's config use. Sent at
 * once, after what scram_add gathered. The value is not checked: NaN and infinity are sent, and
 * trip. SCRAM_FULL loses the signal on purpose instead of waiting; scramd sees the loss and trips
 * rule kind `bad`, so that a lost signal is never silent: at once by the ring; without one by the
 * next signal, heartbeat or goodbye. */
scram_result scram_publish(scram_client* client, uint16_t family, uint16_t metric, double value);

/* The same for several signals at once: scram_add gathers, scram_flush sends. What one flush sends
 * belongs together: scramd stores it all before it judges, so that what offsets does not trip.
 * Adding to a full batch (SCRAM_BATCH_MAX) flushes it first, and the result is that of this flush.
 * All signals of a batch carry the time of the flush. */
scram_result scram_add(scram_client* client, uint16_t family, uint16_t metric, double value);
scram_result scram_flush(scram_client* client);

/* As scram_publish and scram_add, and with this value the series starts over: a pnl that starts at
 * 0 each day does not fall. Peaks and windows of rules that compare over time (drawdown, change)
 * start at it, and a count goes on by nothing; limits look at it as at any other. scramd logs it
 * (series_restarted), since it can hide a loss. SCRAM_DENIED: this scramd is too old to know it,
 * and nothing was sent. */
scram_result scram_restart(scram_client* client, uint16_t family, uint16_t metric, double value);
scram_result scram_add_restart(scram_client* client, uint16_t family, uint16_t metric,
                               double value);

/* "This source is alive", for rules of kind `stale`; also sends what scram_add gathered, and
 * notices that scramd ended. Call it a few times within the shortest time-out that the config
 * gives. */
scram_result scram_heartbeat(scram_client* client);

/* 1: do not quote `family`. 0: its gate is open. Loads from shared memory and a look at the coarse
 * clock, no system call: some 10 ns. Also 1 when no kill switch runs behind you: scramd has ended;
 * its event loop has completed no iteration for the config's `halted_after_ms` (1 s), since it was
 * killed, is stopped or hangs; the connection is known to be lost; the id was not given by
 * scram_family; the handle is NULL or belongs to another process. A scramd that goes on opens the
 * gate again. An order that was under way when the gate closed can outlive the mass-cancel: ask
 * again after placing, and cancel if the answer is 1. */
int scram_halted(const scram_client* client, uint16_t family);

/* 1 as long as scramd is believed to listen: it runs, as scram_halted knows it, and the connection
 * is not known to be lost. */
int scram_attached(const scram_client* client);

/* Ends on purpose: sends what was gathered, says goodbye and frees the handle, whatever happens but
 * SCRAM_INVALID (another thread is in a call on it: the handle lives on). Not SCRAM_DONE: scramd
 * did not confirm, and may take it as if this process had died. */
scram_result scram_detach(scram_client* client);

/* Frees the handle without a goodbye: scramd takes this source as vanished, and rules of kind
 * `gone` trip, unless it has sent no signal yet. For a maker that fails, and for a forked child
 * (where the parent's connection lives on). */
void scram_abandon(scram_client* client);

/* Why the last call on this handle that was not SCRAM_DONE failed, as one line; valid until the
 * next call. With NULL: why this thread's last scram_attach failed. Never NULL. */
const char* scram_error(const scram_client* client);

/* The meaning of a result in a few words. Never NULL. */
const char* scram_strerror(scram_result result);

#ifdef __cplusplus
}
#endif

#endif
