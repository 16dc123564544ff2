/* Those who ask scramd for what it does not grant, or for nothing at all. On its control socket:
 *
 *     strangers SOCKET refused RATE   RATE attempts a second, four on a connection: trips, not
 * allowed strangers SOCKET half COUNT     COUNT connections that say nothing, or half a line; again
 * when cut off strangers SOCKET long RATE      RATE lines a second of 64 KiB, each on a connection
 * of its own strangers SOCKET deaf COUNT     COUNT watchers that never read; again when cut off
 *
 * And on its signal socket:
 *
 *     strangers SOCKET attach RATE    RATE attempts a second to attach as a source, four on a
 * connection
 *
 * Each hundred of attempts or connections is a dot on stdout.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/signal.h"

enum { a_connection = 4, a_dot = 100, a_second = 1000000000, count_max = 4096 };

static const char* path;
static long done;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void did(int count) {
    const long before = done / a_dot;
    done += count;
    for (long dots = done / a_dot - before; dots > 0; --dots) {
        if (write(STDOUT_FILENO, ".", 1) != 1) exit(0);
    }
}

/* Sleeps until this much of what is to be done in a second is due. */
static void keep_to(int64_t begun, long rate) {
    const int64_t due = begun + done * (int64_t)(a_second / rate);
    const struct timespec until = {due / a_second, due % a_second};
    if (due > now_ns()) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static int connected(int type) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strncpy(to.sun_path, path, sizeof to.sun_path - 1);
    const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to) != 0)
        exit(0); /* scramd has ended */
    return fd;
}

static void say(int fd, const char* text) {
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Until `lines` answers were read, or scramd has ended it. */
static void read_answers(int fd, int lines) {
    char buffer[4096];
    for (ssize_t size; lines > 0 && (size = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
        for (ssize_t i = 0; i < size; ++i) lines -= buffer[i] == '\n';
    }
}

static void be_refused(long rate) {
    static const char line[] = "{\"v\":1,\"op\":\"trip\",\"target\":\"all\",\"reason\":\"mine\"}\n";
    char lines[a_connection * sizeof line] = "";
    for (int i = 0; i < a_connection; ++i) strcat(lines, line);
    for (const int64_t begun = now_ns();; did(a_connection)) {
        const int fd = connected(SOCK_STREAM);
        say(fd, lines);
        read_answers(fd, a_connection);
        close(fd);
        keep_to(begun, rate);
    }
}

static void attach(long rate) {
    const struct scram_signal request = {
        .version = SCRAM_VERSION, .kind = SCRAM_ATTACH, .name = "calm"};
    char answer[512];
    for (const int64_t begun = now_ns();; did(a_connection)) {
        const int fd = connected(SOCK_SEQPACKET);
        for (int i = 0; i < a_connection; ++i)
            (void)!send(fd, &request, sizeof request, MSG_NOSIGNAL);
        for (int i = 0; i < a_connection && recv(fd, answer, sizeof answer, 0) > 0; ++i) continue;
        close(fd);
        keep_to(begun, rate);
    }
}

static void be_long(long rate) {
    static char line[64 * 1024 + 1];
    memset(line, 'x', sizeof line - 1);
    for (const int64_t begun = now_ns();; did(1)) {
        const int fd = connected(SOCK_STREAM);
        say(fd, line);
        read_answers(fd, 1);
        close(fd);
        keep_to(begun, rate);
    }
}

static void stand(int count, const char* even, const char* odd) {
    static struct pollfd all[count_max];
    for (int i = 0; i < count; ++i) all[i].fd = -1;
    for (const int64_t begun = now_ns();;) {
        for (int i = 0; i < count; ++i) {
            if (all[i].fd >= 0 && (all[i].revents & POLLHUP) == 0) continue;
            if (all[i].fd >= 0) close(all[i].fd);
            all[i] = (struct pollfd){.fd = connected(SOCK_STREAM)};
            say(all[i].fd, i % 2 == 0 ? even : odd);
            did(1);
            keep_to(begun, 1000);
        }
        poll(all, (nfds_t)count, 1000);
    }
}

int main(int argc, char** argv) {
    const long number = argc == 4 ? atol(argv[3]) : 0;
    if (number < 1 || number > 1000000) {
        fputs("usage: strangers SOCKET refused|half|long|deaf|attach NUMBER\n", stderr);
        return 2;
    }
    path = argv[1];
    static const char watch[] = "{\"v\":1,\"op\":\"watch\"}\n";
    const int count = number < count_max ? (int)number : count_max;
    if (strcmp(argv[2], "refused") == 0) be_refused(number);
    if (strcmp(argv[2], "attach") == 0) attach(number);
    if (strcmp(argv[2], "long") == 0) be_long(number);
    if (strcmp(argv[2], "half") == 0) stand(count, "", "{\"v\":1,\"op\":\"tr");
    if (strcmp(argv[2], "deaf") == 0) stand(count, watch, watch);
    return 2;
}
