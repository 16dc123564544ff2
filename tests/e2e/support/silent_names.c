// Preloaded, it is a name server that never answers: whoever looks a name up waits for an hour.
#include <netdb.h>
#include <time.h>

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints,
                struct addrinfo** result) {
    (void)node, (void)service, (void)hints, (void)result;
    const struct timespec hour = {.tv_sec = 3600};
    nanosleep(&hour, NULL);
    return EAI_AGAIN;
}
