/* The signal record: what a market maker writes and scramd reads, 64 bytes, the same on a socket
 * and in a ring. It is plain C, because makers link it (client/scram.h) and the engine reads it in
 * place.
 *
 * One message on the signal socket (Unix SEQPACKET) is either
 *   - 1 to SCRAM_BATCH_MAX signal records (kinds below 16), or
 *   - exactly one request record (kind 16 and up), which is answered by one record of kind SCRAM_OK
 * or SCRAM_REFUSED, followed by up to SCRAM_TEXT_MAX bytes of UTF-8 text that says why. Every field
 * that a kind does not use is zero. Integers and the double are in host byte order: both ends live
 * on one machine.
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

    /* requests: source -> scramd, each answered by one message */
    SCRAM_ATTACH =
        16, /* name: the source. OK carries `source`, and the gate region's fd (SCM_RIGHTS) */
    SCRAM_FAMILY = 17,  /* name: "mm-1/BTC-USD". OK carries `family` */
    SCRAM_METRIC = 18,  /* name: "delta". OK carries `metric` */
    SCRAM_GOODBYE = 19, /* the source ends on purpose: its silence from now on is no fault */

    /* answers and notices: scramd -> source */
    SCRAM_OK = 32,
    SCRAM_REFUSED = 33, /* the text says what was expected */
    SCRAM_CLOSING = 34  /* scramd itself ends on purpose */
};

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

/* The gate region: a memory file that scramd owns and sources map read-only. A family's word stands
 * at gates[family id]. A source reads it before each quote; that is one load. */
enum { SCRAM_GATE_MAGIC = 0x53435247 };
enum scram_gate { SCRAM_GATE_OPEN = 0, SCRAM_GATE_CLOSED = 1 };

struct scram_gates {
    uint32_t magic;    /* SCRAM_GATE_MAGIC */
    uint16_t version;  /* SCRAM_VERSION */
    uint16_t families; /* words in gates[] */
    uint32_t running;  /* 1 while scramd runs, 0 once it ended on purpose */
    uint32_t reserved[13];
    uint32_t gates[]; /* enum scram_gate */
};

#ifdef __cplusplus
}
static_assert(sizeof(scram_signal) == 64);
static_assert(offsetof(scram_signal, value) == 16);
static_assert(offsetof(scram_signal, family) == 24);
static_assert(offsetof(scram_signal, version) == 30);
static_assert(offsetof(scram_signal, name) == 32);
static_assert(sizeof(scram_gates) == 64);
#else
_Static_assert(sizeof(struct scram_signal) == 64, "the record is 64 bytes on every platform");
_Static_assert(sizeof(struct scram_gates) == 64, "the gate words start at byte 64");
#endif

#endif
