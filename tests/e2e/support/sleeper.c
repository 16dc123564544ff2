// Preloaded, it lets a program believe that the machine was suspended: CLOCK_BOOTTIME is ahead by
// the nanoseconds that the file $SLEEPER_FILE holds, as one int64.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef int (*clock_function)(clockid_t, struct timespec*);

static const volatile int64_t* slept_ns;
static clock_function real;

__attribute__((constructor)) static void begin(void) {
    *(void**)&real = dlsym(RTLD_NEXT, "clock_gettime");
    const char* path = getenv("SLEEPER_FILE");
    const int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void* at = mmap(NULL, sizeof *slept_ns, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) slept_ns = at;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec* to) {
    const int result = real(clock, to);
    if (result != 0 || clock != CLOCK_BOOTTIME || slept_ns == NULL) return result;
    const int64_t all = (int64_t)to->tv_sec * 1000000000 + to->tv_nsec + *slept_ns;
    to->tv_sec = all / 1000000000;
    to->tv_nsec = all % 1000000000;
    return 0;
}
