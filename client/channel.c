/* The connection to scramd. What comes from the other end is checked before it is used, and an
 * answer is never mistaken for that to another request. */
#define _GNU_SOURCE
#include "client/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define fail scram_channel_fail

static scram_result own(struct scram_channel* channel);
static scram_result lost(struct scram_channel* channel, scram_result result, const char* why);
static scram_result send_request(struct scram_channel* channel, const struct scram_signal* record,
                                 int64_t deadline_ns);
static scram_result await_answer(struct scram_channel* channel, int64_t deadline_ns,
                                 struct scram_answer* answer);
static scram_result receive(struct scram_channel* channel, struct scram_answer* answer);
static scram_result judge(struct scram_channel* channel, struct scram_answer* answer, size_t size);

scram_result scram_channel_open(struct scram_channel* channel, const char* path) {
    *channel = (struct scram_channel){.fd = -1};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return fail(channel, SCRAM_INVALID, "%s: a socket path has at most %zu bytes", path,
                    sizeof address.sun_path - 1);
    }
    strcpy(address.sun_path, path);
    channel->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (channel->fd < 0) return fail(channel, SCRAM_MEMORY, "cannot make a socket: %m");
    /* A hung scramd stops accepting, and connect() waits once its queue is full: bound that too. */
    const struct timeval wait = {.tv_sec = SCRAM_WAIT_MS / 1000,
                                 .tv_usec = SCRAM_WAIT_MS % 1000 * 1000};
    setsockopt(channel->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    int connected;
    do {
        connected = connect(channel->fd, (const struct sockaddr*)&address, sizeof address);
    } while (connected != 0 && errno == EINTR);
    if (connected == 0) return own(channel);
    if (errno == EAGAIN) return fail(channel, SCRAM_TIMEOUT, "%s: scramd does not accept", path);
    return fail(channel, SCRAM_UNREACHABLE, "%s: %m (scramd must run, and let this user in)", path);
}

/* The kernel wipes the page in a forked child: the child is told apart without a system call. */
static scram_result own(struct scram_channel* channel) {
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t* page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return fail(channel, SCRAM_MEMORY, "cannot map a page: %m");
    channel->owned = page;
    if (madvise(page, size, MADV_WIPEONFORK) != 0) {
        return fail(channel, SCRAM_MEMORY, "cannot mark a page as this process's own: %m");
    }
    *page = 1;
    return SCRAM_DONE;
}

void scram_channel_close(struct scram_channel* channel) {
    if (channel->owned) munmap((void*)(uintptr_t)channel->owned, (size_t)sysconf(_SC_PAGESIZE));
    if (channel->fd >= 0) close(channel->fd);
}

scram_result scram_channel_ask(struct scram_channel* channel, const struct scram_request* request,
                               struct scram_answer* answer) {
    if (!scram_channel_usable(channel)) return scram_channel_unusable(channel);
    struct scram_signal record = {.sequence = request->sequence,
                                  .source = request->source,
                                  .version = SCRAM_VERSION,
                                  .kind = request->kind};
    const char* name = request->name != NULL ? request->name : "";
    const size_t length = strlen(name);
    if (length >= sizeof record.name || (length == 0 && request->kind != SCRAM_GOODBYE)) {
        return fail(channel, SCRAM_INVALID, "\"%s\": a name has 1 to %d bytes", name,
                    SCRAM_NAME_SIZE - 1);
    }
    memcpy(record.name, name, length);
    const int64_t deadline_ns = scram_now_ns() + request->wait_ms * INT64_C(1000000);
    const scram_result sent = send_request(channel, &record, deadline_ns);
    if (sent != SCRAM_DONE) return sent;
    return await_answer(channel, deadline_ns, answer);
}

/* Strict about the deadline, so that no flow of other messages prolongs it. */
static scram_result await(struct scram_channel* channel, short events, int64_t deadline_ns) {
    struct pollfd socket = {.fd = channel->fd, .events = events};
    for (;;) {
        const int64_t left_ns = deadline_ns - scram_now_ns();
        if (left_ns <= 0) return fail(channel, SCRAM_TIMEOUT, "scramd did not answer in time");
        const int ready = poll(&socket, 1, (int)(left_ns / 1000000 + 1));
        if (ready > 0) return SCRAM_DONE;
        if (ready < 0 && errno != EINTR) return lost(channel, SCRAM_GONE, strerror(errno));
    }
}

static scram_result send_request(struct scram_channel* channel, const struct scram_signal* record,
                                 int64_t deadline_ns) {
    for (;;) {
        const scram_result ready = await(channel, POLLOUT, deadline_ns);
        if (ready != SCRAM_DONE) return ready;
        const scram_result sent = scram_channel_send(channel, record, 1);
        if (sent != SCRAM_FULL) return sent;
    }
}

void scram_answer_drop(struct scram_answer* answer) {
    for (int i = 0; i < SCRAM_ANSWER_FDS; ++i) {
        if (answer->fds[i] >= 0) close(answer->fds[i]);
        answer->fds[i] = -1;
    }
}

static scram_result await_answer(struct scram_channel* channel, int64_t deadline_ns,
                                 struct scram_answer* answer) {
    for (;;) {
        const scram_result ready = await(channel, POLLIN, deadline_ns);
        if (ready == SCRAM_TIMEOUT) ++channel->late;
        if (ready != SCRAM_DONE) return ready;
        const scram_result read = receive(channel, answer);
        if (read == SCRAM_TIMEOUT) continue;
        if (read != SCRAM_DONE) return read;
        if (channel->late == 0) break;
        --channel->late;
        scram_answer_drop(answer);
    }
    if (answer->record.kind == SCRAM_OK) return SCRAM_DONE;
    scram_answer_drop(answer);
    return fail(channel, SCRAM_DENIED, "%s", *answer->text ? answer->text : "refused");
}

scram_result scram_channel_listen(struct scram_channel* channel) {
    struct scram_answer answer;
    for (;;) {
        const scram_result read = receive(channel, &answer);
        if (read == SCRAM_TIMEOUT) return SCRAM_DONE;
        if (read != SCRAM_DONE) return read;
        scram_answer_drop(&answer);
        if (channel->late > 0) {
            --channel->late;
        } else if (answer.record.kind == SCRAM_REFUSED) {
            /* Unasked: its last words, about a message that it cannot read. */
            return lost(channel, SCRAM_GONE, answer.text);
        }
    }
}

static void take_fds(struct msghdr* message, int* fds) {
    const struct cmsghdr* control = CMSG_FIRSTHDR(message);
    if (control == NULL || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) {
        return;
    }
    const size_t size = control->cmsg_len - CMSG_LEN(0);
    memcpy(fds, CMSG_DATA(control), size);
}

/* SCRAM_DONE: `answer` is an answer, and its fd the reader's. SCRAM_TIMEOUT: there is none yet. */
static scram_result receive(struct scram_channel* channel, struct scram_answer* answer) {
    *answer = (struct scram_answer){.fds = {-1, -1}};
    struct iovec parts[] = {{&answer->record, sizeof answer->record},
                            {answer->text, SCRAM_TEXT_MAX}};
    /* CMSG_LEN, not CMSG_SPACE, whose padding could have room for a further fd, which nobody would
     * close. What has no room, the kernel closes. */
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof answer->fds)];
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control,
                             .msg_controllen = CMSG_LEN(sizeof answer->fds)};
    const ssize_t size = recvmsg(channel->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return SCRAM_TIMEOUT;
    if (size < 0) return lost(channel, SCRAM_GONE, strerror(errno));
    if (size == 0) return lost(channel, SCRAM_GONE, "scramd closed the connection");
    take_fds(&message, answer->fds);
    return judge(channel, answer, (size_t)size);
}

static scram_result judge(struct scram_channel* channel, struct scram_answer* answer, size_t size) {
    const struct scram_signal* record = &answer->record;
    const bool known = size >= sizeof *record && record->version == SCRAM_VERSION;
    if (known && (record->kind == SCRAM_OK || record->kind == SCRAM_REFUSED)) return SCRAM_DONE;
    scram_answer_drop(answer);
    if (!known) return lost(channel, SCRAM_PROTOCOL, "what answers is not this version of scramd");
    if (record->kind == SCRAM_CLOSING) return lost(channel, SCRAM_GONE, "scramd ended on purpose");
    return SCRAM_TIMEOUT;
}

scram_result scram_channel_send(struct scram_channel* channel, const struct scram_signal* signals,
                                unsigned count) {
    ssize_t sent;
    do {
        sent = send(channel->fd, signals, count * sizeof *signals, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return SCRAM_DONE;
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
        return fail(channel, SCRAM_FULL, "scramd is behind: a message of %u signals is lost",
                    count);
    }
    const int error = errno;
    const scram_result last_words = scram_channel_listen(channel);
    return last_words != SCRAM_DONE ? last_words : lost(channel, SCRAM_GONE, strerror(error));
}

int scram_channel_usable(const struct scram_channel* channel) {
    return __atomic_load_n(channel->owned, __ATOMIC_RELAXED) == 1 &&
           !atomic_load_explicit(&channel->gone, memory_order_relaxed);
}

scram_result scram_channel_unusable(struct scram_channel* channel) {
    if (__atomic_load_n(channel->owned, __ATOMIC_RELAXED) == 1) return SCRAM_GONE;
    return fail(channel, SCRAM_GONE, "this handle belongs to the process that attached");
}

static scram_result lost(struct scram_channel* channel, scram_result result, const char* why) {
    atomic_store_explicit(&channel->gone, true, memory_order_relaxed);
    return fail(channel, result, "the connection to scramd is lost: %s", why);
}

scram_result scram_channel_fail(struct scram_channel* channel, scram_result result,
                                const char* format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(channel->error, sizeof channel->error, format, values);
    va_end(values);
    return result;
}

static int64_t read_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t scram_now_ns(void) {
    return read_ns(CLOCK_MONOTONIC);
}

int64_t scram_tick_ns(void) {
    return read_ns(CLOCK_MONOTONIC_COARSE);
}
