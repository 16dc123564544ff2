/* The signal record: what a market maker writes and scramd reads, 64 bytes, the same on a socket
 * and in a ring. It is plain C, because makers link it (client/scram.h).
 *
 * One message on the signal socket (Unix SEQPACKET) is either
 *   - 1 to SCRAM_BATCH_MAX signal records (kinds below 16), or
 *   - a doorbell, alone (SCRAM_DOORBELL), or
 *   - exactly one request record (kind 16 and up), which is answered by one record of kind SCRAM_OK
 * or SCRAM_REFUSED, followed by up to SCRAM_TEXT_MAX bytes of UTF-8 text that says why. Every field
 * that a kind does not use is zero. Integers and the double are in host byte order: both ends live
 * on one machine.
 *
 * A source that asks for it when it attaches gets a ring in shared memory (struct scram_ring) and
 * publishes by that instead: no system call on the way of a signal. Its requests stay on the
 * socket.
 */
#ifndef SCRAM_CORE_SIGNAL_H
#define SCRAM_CORE_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SCRAM_VERSION = 1,
    SCRAM_NAME_SIZE = 32, /* a name and its closing NUL */
    SCRAM_BATCH_MAX = 64, /* records in one message */
    SCRAM_TEXT_MAX = 256  /* bytes of text behind an answer */
};

enum scram_kind {
    /* signals: source -> scramd, never answered */
    SCRAM_VALUE = 1,     /* `metric` of `family` is now `value` */
    SCRAM_HEARTBEAT = 2, /* the source is alive; family, metric and value are zero */
    SCRAM_DOORBELL = 3,  /* socket only: scramd sleeps, and there is something in the ring */
    /* ring only: as SCRAM_VALUE, and what belongs to it follows in the next slot. Only for a scramd
     * that has answered SCRAM_ATTACH with SCRAM_KNOWS_BATCHES. */
    SCRAM_VALUE_MORE = 4,
    /* as these two, and the value begins a new series: it follows on from nothing that was
     * published before. Only for a scramd that has answered with SCRAM_KNOWS_RESTARTS. */
    SCRAM_RESTART = 9,
    SCRAM_RESTART_MORE = 12,

    /* requests: source -> scramd, each answered by one message */
    /* name: the source; sequence: SCRAM_WANTS_RING or zero. OK carries `source`, in `sequence` what
     * scramd knows (SCRAM_KNOWS_...; an older one says zero), `published_ns` (scramd's
     * CLOCK_MONOTONIC: another time namespace shows by it) and, as SCM_RIGHTS, the gate
     * region's fd and then, if a ring was wanted and could be made, the ring's. */
    SCRAM_ATTACH = 16,
    SCRAM_FAMILY = 17, /* name: "mm-1/BTC-USD". OK carries `family` */
    SCRAM_METRIC = 18, /* name: "delta". OK carries `metric` */
    /* the source ends on purpose: its silence from now on is no fault. sequence: by the socket the
     * last number that it used, so that a lost signal shows though none follows it; else zero. */
    SCRAM_GOODBYE = 19,

    /* answers and notices: scramd -> source */
    SCRAM_OK = 32,
    SCRAM_REFUSED = 33, /* the text says what was expected */
    SCRAM_CLOSING = 34  /* scramd itself ends on purpose */
};

enum { SCRAM_WANTS_RING = 1 };
enum { SCRAM_KNOWS_BATCHES = 1, SCRAM_KNOWS_RESTARTS = 2 };

struct scram_signal {
    uint64_t sequence; /* 1, 2, 3 ... from attach on; a gap or a step back trips rule kind `bad` */
    int64_t published_ns; /* CLOCK_MONOTONIC when the source published */
    double value;         /* in the metric's own unit; NaN and infinity trip rule kind `bad` */
    uint16_t family;      /* id that SCRAM_FAMILY gave */
    uint16_t metric;      /* id that SCRAM_METRIC gave */
    uint16_t source;      /* id that SCRAM_ATTACH gave */
    uint8_t version;      /* SCRAM_VERSION */
    uint8_t kind;         /* enum scram_kind */
    char name[SCRAM_NAME_SIZE]; /* requests only, closed by NUL; zero in signals */
};

static inline int scram_is_value(unsigned kind) {
    return kind == SCRAM_VALUE || kind == SCRAM_VALUE_MORE || kind == SCRAM_RESTART ||
           kind == SCRAM_RESTART_MORE;
}
static inline int scram_is_restart(unsigned kind) {
    return kind == SCRAM_RESTART || kind == SCRAM_RESTART_MORE;
}
/* More of its batch follows. */
static inline int scram_is_more(unsigned kind) {
    return kind == SCRAM_VALUE_MORE || kind == SCRAM_RESTART_MORE;
}
/* The same kind, with more to follow. */
static inline uint8_t scram_with_more(uint8_t kind) {
    if (kind == SCRAM_VALUE) return SCRAM_VALUE_MORE;
    if (kind == SCRAM_RESTART) return SCRAM_RESTART_MORE;
    return kind;
}

/* A batch: the values of one message, or the slots up to the first of a kind without ..._MORE, at
 * most SCRAM_BATCH_MAX. They belong together: scramd stores them all, then judges once. A second
 * value of the same metric and family begins a new batch, so that no value goes unjudged. */

/* The gate region: a memory file that scramd owns and sources map read-only. A family's word stands
 * at gates[family id]. A source reads it before each quote.
 *
 * Behind the gates, at byte SCRAM_HEARTBEAT_AT(families), stands the heartbeat: an int64_t, the
 * CLOCK_MONOTONIC in ns of the last turn that scramd's loop completed, written several times in
 * `halted_after_ms`. An older one means that scramd is frozen or dead: every gate counts as closed.
 * It is the last thing in the region, on lines of its own, so that writing it takes no gate out of
 * a maker's cache. */
enum { SCRAM_GATE_MAGIC = 0x53435247 };
enum scram_gate { SCRAM_GATE_OPEN = 0, SCRAM_GATE_CLOSED = 1 };

struct scram_gates {
    uint32_t magic;           /* SCRAM_GATE_MAGIC */
    uint16_t version;         /* SCRAM_VERSION */
    uint16_t families;        /* words in gates[] */
    uint32_t running;         /* 1 while scramd runs, 0 once it ended on purpose */
    uint32_t halted_after_ms; /* age of the heartbeat that halts; 0: this scramd writes none */
    uint64_t asleep; /* 0: scramd looks into the rings by itself; else the number of its sleep */
    uint32_t reserved_too[10];
    uint32_t gates[]; /* enum scram_gate */
};

enum { SCRAM_LINE_SIZE = 128 }; /* processors fetch lines of 64 bytes in pairs */
#define SCRAM_HEARTBEAT_AT(families)                                       \
    ((sizeof(struct scram_gates) + (size_t)(families) * sizeof(uint32_t) + \
      (SCRAM_LINE_SIZE - 1)) /                                             \
     SCRAM_LINE_SIZE * SCRAM_LINE_SIZE)

/* The ring: a memory file of its own for each attachment, mapped for writing by its source and by
 * scramd. It belongs to one writer and one reader, and each writes only its own words.
 *
 * Signals are numbered 1, 2, 3 ... (`sequence`); number n stands in slot (n - 1) %
 * SCRAM_RING_SLOTS. To publish n, a source
 *   1. reads `read` (acquire) and makes sure that n <= read + SCRAM_RING_SLOTS. If not, the ring is
 *      full: the signal takes no number, `lost` is raised, and scramd trips rule kind `bad`;
 *   2. writes words 1 to 3 of the slot (the record from published_ns to kind; a signal has no
 * name);
 *   3. stores word 0, the sequence. That publishes it: release order;
 *   4. reads `asleep` of the gate region. If that is not 0, and not the sleep that it rang in
 *      already, it sends one SCRAM_DOORBELL over its socket.
 * A batch of several is written from its end: its first number, which scramd waits for, is
 * published last, with step 4 once behind it. So scramd finds it whole or not at all, whenever its
 * source is interrupted or dies. The stores of step 3 (and of `lost`) and the load of step 4 are
 * sequentially consistent, as are scramd's store of `asleep` and its loads after that: one of the
 * two sees the other (net/sources/ring.h).
 *
 * scramd reads a slot's word once it is the number that it waits for. Any other word but the one
 * that it read there a lap ago (0 in the first) is a broken ring: `bad`, and the connection ends.
 */
enum { SCRAM_RING_MAGIC = 0x53435252, SCRAM_RING_SLOTS = 1024 };

struct scram_slot {
    uint64_t words[8]; /* a struct scram_signal; words[0] is its sequence */
};

struct scram_ring {
    uint32_t magic;   /* SCRAM_RING_MAGIC */
    uint16_t version; /* SCRAM_VERSION */
    uint16_t reserved;
    uint32_t slot_count;     /* SCRAM_RING_SLOTS */
    uint32_t header_pad[13]; /* processors fetch lines in pairs of 128 bytes: one for each writer */
    uint64_t read; /* scramd's: signals up to this number were read, their slots are free */
    uint64_t read_pad[7];
    uint64_t lost; /* the source's: how many signals found the ring full */
    uint64_t lost_pad[15];
    struct scram_slot slots[SCRAM_RING_SLOTS];
};

#ifdef __cplusplus
}
static_assert(sizeof(scram_signal) == 64);
static_assert(sizeof(scram_slot) == 64);
static_assert(offsetof(scram_ring, read) == 64);
static_assert(offsetof(scram_ring, lost) == 128);
static_assert(offsetof(scram_ring, slots) == 256);
static_assert(offsetof(scram_signal, value) == 16);
static_assert(offsetof(scram_signal, family) == 24);
static_assert(offsetof(scram_signal, version) == 30);
static_assert(offsetof(scram_signal, name) == 32);
static_assert(sizeof(scram_gates) == 64);
#else
_Static_assert(sizeof(struct scram_signal) == 64, "the record is 64 bytes on every platform");
_Static_assert(sizeof(struct scram_gates) == 64, "the gate words start at byte 64");
_Static_assert(offsetof(struct scram_ring, slots) == 256, "the slots start at byte 256");
#endif

#endif
