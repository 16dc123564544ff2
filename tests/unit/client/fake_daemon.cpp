#include "tests/unit/client/fake_daemon.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace client_test {
namespace {

constexpr std::size_t page = 4096;

std::string temporary_folder() {
    char name[] = "/tmp/scram-client-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    return name;
}

int listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(fd, 4) == 0);
    return fd;
}

}  // namespace

GateFile::GateFile(std::uint16_t families)
    : fd_(memfd_create("gates", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    REQUIRE(ftruncate(fd_, page) == 0);
    region_ =
        static_cast<scram_gates*>(mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
    REQUIRE(region_ != MAP_FAILED);
    region_->magic = SCRAM_GATE_MAGIC;
    region_->version = SCRAM_VERSION;
    region_->families = families;
    region_->running = 1;
}

GateFile::~GateFile() {
    munmap(region_, page);
    close(fd_);
}

void GateFile::heartbeat(std::int64_t at_ns) {
    auto* bytes = reinterpret_cast<std::byte*>(region_) + SCRAM_HEARTBEAT_AT(region_->families);
    std::memcpy(bytes, &at_ns, sizeof at_ns);
}

std::int64_t clock_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void GateFile::seal() {
    REQUIRE(fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
}

void GateFile::truncate(std::size_t size) {
    REQUIRE(ftruncate(fd_, static_cast<off_t>(size)) == 0);
}

Reply refused(const std::string& text) {
    Reply reply{.text = text};
    reply.record.version = SCRAM_VERSION;
    reply.record.kind = SCRAM_REFUSED;
    return reply;
}

FakeDaemon::FakeDaemon()
    : FakeDaemon([this](const scram_signal& request) { return usual(request); }) {}

FakeDaemon::FakeDaemon(Answer answer)
    : folder_(temporary_folder()),
      path_(folder_ + "/signals.sock"),
      answer_(std::move(answer)),
      listener_(listen_at(path_)),
      thread_([this] { serve(); }) {
    gates_.seal();
}

FakeDaemon::~FakeDaemon() {
    resume_reading();
    shutdown(listener_, SHUT_RDWR);
    die();
    thread_.join();
    close(listener_);
    if (connection_ >= 0) close(connection_);
    unlink(path_.c_str());
    rmdir(folder_.c_str());
}

void FakeDaemon::serve() {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    {
        const std::lock_guard lock(mutex_);
        connection_ = connection;
        connected_ = true;
    }
    while (read_one()) await_reading();
}

void FakeDaemon::await_reading() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return reading_; });
}

bool FakeDaemon::read_one() {
    char bytes[SCRAM_BATCH_MAX * sizeof(scram_signal)];
    const ssize_t size = recv(connection_, bytes, sizeof bytes, 0);
    const std::string message(bytes, size > 0 ? static_cast<std::size_t>(size) : 0);
    {
        const std::lock_guard lock(mutex_);
        messages_.push_back(message);
    }
    changed_.notify_all();
    if (message.empty()) return false;
    scram_signal record;
    std::memcpy(&record, bytes, sizeof record);
    if (record.kind >= SCRAM_ATTACH) {
        for (const Reply& reply : answer_(record)) send(reply);
    }
    return true;
}

void FakeDaemon::send(const Reply& reply) const {
    iovec parts[] = {{const_cast<scram_signal*>(&reply.record), sizeof reply.record},
                     {const_cast<char*>(reply.text.data()), reply.text.size()}};
    alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    if (!reply.fds.empty()) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(reply.fds.size() * sizeof(int));
        cmsghdr* rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(reply.fds.size() * sizeof(int));
        std::memcpy(CMSG_DATA(rights), reply.fds.data(), reply.fds.size() * sizeof(int));
    }
    sendmsg(connection_, &message, MSG_NOSIGNAL);
}

std::vector<Reply> FakeDaemon::usual(const scram_signal& request) {
    Reply reply;
    reply.record.version = SCRAM_VERSION;
    reply.record.kind = SCRAM_OK;
    if (request.kind == SCRAM_ATTACH) {
        reply.record.source = 7;
        reply.fds = {gates_.fd()};
    }
    if (request.kind == SCRAM_FAMILY) reply.record.family = 2;
    if (request.kind == SCRAM_METRIC) reply.record.metric = 5;
    return {reply};
}

std::string FakeDaemon::next() {
    std::unique_lock lock(mutex_);
    const bool came =
        changed_.wait_for(lock, std::chrono::seconds(10), [this] { return !messages_.empty(); });
    REQUIRE(came);
    std::string message = messages_.front();
    messages_.pop_front();
    return message;
}

std::vector<scram_signal> FakeDaemon::next_signals() {
    const std::string message = next();
    REQUIRE(!message.empty());
    REQUIRE(message.size() % sizeof(scram_signal) == 0);
    std::vector<scram_signal> signals(message.size() / sizeof(scram_signal));
    std::memcpy(signals.data(), message.data(), message.size());
    return signals;
}

void FakeDaemon::skip_requests(int count) {
    for (int i = 0; i < count; ++i) next();
}

void FakeDaemon::notify(std::uint8_t kind, const std::string& text) {
    Reply reply{.text = text};
    reply.record.version = SCRAM_VERSION;
    reply.record.kind = kind;
    send(reply);
}

void FakeDaemon::stop_reading() {
    const std::lock_guard lock(mutex_);
    reading_ = false;
}

void FakeDaemon::resume_reading() {
    {
        const std::lock_guard lock(mutex_);
        reading_ = true;
    }
    changed_.notify_all();
}

void FakeDaemon::die() {
    const std::lock_guard lock(mutex_);
    if (connected_) shutdown(connection_, SHUT_RDWR);
}

Handle attach(FakeDaemon& daemon) {
    scram_client* client = nullptr;
    const scram_result result = scram_attach(&client, daemon.path(), "maker-1");
    INFO(scram_error(nullptr));
    REQUIRE(result == SCRAM_DONE);
    daemon.skip_requests(1);
    return Handle(client);
}

scram_result attach_to(const char* path, const char* name) {
    scram_client* client = nullptr;
    const scram_result result = scram_attach(&client, path, name);
    CHECK((client != nullptr) == (result == SCRAM_DONE));
    scram_abandon(client);
    return result;
}

std::string last_error(const Handle& client) {
    return scram_error(client.get());
}

}  // namespace client_test
