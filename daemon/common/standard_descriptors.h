// Descriptors 0 to 2, before anything else is opened: where the caller has closed one, the next
// socket or file would get its number, and what is written to stderr would go there.
#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace scram {

inline void open_standard_descriptors() {
    int fd = STDIN_FILENO;
    while (fd >= 0 && fd <= STDERR_FILENO) fd = ::open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO) ::close(fd);
}

}  // namespace scram
