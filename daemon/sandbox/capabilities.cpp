// The one right that may be asked for: CAP_NET_RAW, with which the packet socket is opened.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "daemon/sandbox/sandbox.h"

namespace scram {

std::string give_up_raw_sockets() {
    constexpr unsigned bit = 1U << CAP_NET_RAW;
    __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3]{};
    if (syscall(SYS_capget, &head, held) != 0) return {};  // a filter that forbids it forbids more
    prctl(PR_CAPBSET_DROP, CAP_NET_RAW);  // where it may be; without it no execve() brings it back
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_NET_RAW, 0, 0);
    if (((held[0].permitted | held[0].inheritable) & bit) == 0) return {};
    held[0].effective &= ~bit;
    held[0].permitted &= ~bit;
    held[0].inheritable &= ~bit;
    if (syscall(SYS_capset, &head, held) == 0) return {};
    return std::string("CAP_NET_RAW cannot be given up: ") + std::strerror(errno);
}

}  // namespace scram
