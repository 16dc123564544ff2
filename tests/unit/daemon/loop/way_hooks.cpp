#include "tests/unit/daemon/loop/way_hooks.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/unit/net/exchange/call_faults.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SCRAM_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SCRAM_SANITIZED 1
#endif
#endif

namespace scram::test {
namespace {

thread_local bool watching = false;
thread_local WaySeen seen;

}  // namespace

void begin_to_watch_way() {
    seen = {};
    watching = true;
}

WaySeen end_to_watch_way() {
    watching = false;
    return seen;
}

}  // namespace scram::test

#ifdef SCRAM_SANITIZED

const bool scram::test::has_way_hooks = false;

#else

const bool scram::test::has_way_hooks = true;

namespace {

void saw_allocation() {
    if (scram::test::watching && scram::test::seen.sends == 0) ++scram::test::seen.allocations;
}

void saw_lock() {
    if (scram::test::watching && scram::test::seen.sends == 0) ++scram::test::seen.locks;
}

// What the C library has under a name that is ours here.
template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// The C library's allocator by its other names: dlsym() itself may allocate.
extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
    saw_allocation();
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    saw_allocation();
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
    saw_allocation();
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    saw_allocation();
    return __libc_memalign(alignment, size);
}

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    static auto* const lock = next<int(pthread_mutex_t*)>("pthread_mutex_lock");
    saw_lock();
    return lock(mutex);
}
int pthread_rwlock_rdlock(pthread_rwlock_t* mutex) noexcept {
    static auto* const lock = next<int(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
    saw_lock();
    return lock(mutex);
}
int pthread_rwlock_wrlock(pthread_rwlock_t* mutex) noexcept {
    static auto* const lock = next<int(pthread_rwlock_t*)>("pthread_rwlock_wrlock");
    saw_lock();
    return lock(mutex);
}

ssize_t send(int fd, const void* bytes, std::size_t size, int flags) {
    if (scram::test::watching) ++scram::test::seen.sends;
    if (scram::testing::call_fails("send")) return -1;
    return syscall(SYS_sendto, fd, bytes, size, flags, nullptr, 0);
}
ssize_t recv(int fd, void* bytes, std::size_t size, int flags) {
    if (scram::testing::call_fails("recv")) return -1;
    return syscall(SYS_recvfrom, fd, bytes, size, flags, nullptr, nullptr);
}
int connect(int fd, const sockaddr* address, socklen_t size) {
    if (scram::testing::call_fails("connect")) return -1;
    return static_cast<int>(syscall(SYS_connect, fd, address, size));
}
}

#endif
