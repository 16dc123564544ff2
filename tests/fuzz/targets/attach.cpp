// Sources at the signal socket, as hostile as they like: messages of any bytes and size, requests
// in any order, descriptors, connections that close in between. What reaches the sink must keep to
// its contract, and nothing may stay behind.
//
// Input: steps of up to four sources (step()).
#include <sys/mman.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "net/sources/ingress.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/local_socket.h"

namespace {

using namespace scram;

constexpr std::size_t source_count = 3;
constexpr std::size_t clients_max = 4;

// ---- Behind the ingress -------------------------------------------------------------------------

class Sink final : public SourceAdmission, public SignalSink {
  public:
    bool any_attached() const {
        return std::find(attached_.begin(), attached_.end(), true) != attached_.end();
    }

  private:
    std::variant<SourceId, std::string> attach(std::string_view name, const Peer& peer) override {
        check_name(name);
        check(peer.pid == getpid() && peer.uid == getuid(), "the peer is who connected");
        const std::size_t source = static_cast<std::size_t>(name.back() - '1');
        if (!name.starts_with("maker-") || source >= source_count) return "unknown source";
        if (attached_[source]) return "attached already";
        attached_[source] = true;
        return id_at<SourceId>(source);
    }
    std::variant<FamilyId, std::string> resolve_family(SourceId source,
                                                       std::string_view name) override {
        check_attached(source);
        check_name(name);
        if (name.find('/') == name.npos) return std::string(2 * SCRAM_TEXT_MAX, 'x');
        return FamilyId{7};
    }
    std::variant<MetricId, std::string> resolve_metric(std::string_view name) override {
        check_name(name);
        if (name == "gamma") return "unknown metric";
        return MetricId{9};
    }
    void signal(SourceId source, const scram_signal& signal, Time read_at) override {
        check_attached(source);
        last_ = signal;  // reads it whole
        check(read_at >= last_read_, "time does not step back");
        last_read_ = read_at;
    }
    void batch_ended(SourceId source, Time) override { check_attached(source); }
    void signals_lost(SourceId source, Time) override { check_attached(source); }
    void left(SourceId source) override { detach(source); }
    void vanished(SourceId source, const std::string& reason) override {
        check(!reason.empty(), "who vanished did so for a reason");
        detach(source);
    }
    void turned_away(const Peer&, Rejection) override {}

    void detach(SourceId source) {
        check_attached(source);
        attached_[index(source)] = false;
    }
    void check_attached(SourceId source) const {
        check(index(source) < source_count && attached_[index(source)],
              "only an attached source is heard, and it ends once");
    }
    static void check_name(std::string_view name) {
        check(!name.empty() && name.size() < SCRAM_NAME_SIZE && name.find('\0') == name.npos,
              "a name is a text of 1 to 31 bytes");
    }

    std::array<bool, source_count> attached_{};
    scram_signal last_{};
    Time last_read_{};
};

struct Server {
    boost::asio::io_context io;
    fuzz::LocalSocket socket{SOCK_SEQPACKET};
    std::unique_ptr<Gates> gates = std::get<0>(Gates::make(4));
    Sink sink;
    Ingress ingress{io, socket.listener(), *gates, sink, sink};

    Server() {
        ingress.start();
        run();
    }
    void run() {
        while (io.poll() > 0) ingress.poll();
    }
};

// ---- In front of it -----------------------------------------------------------------------------

class Source {
  public:
    explicit Source(int fd) : fd_(fd) {}
    ~Source() { close(fd_); }
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    void send(std::string_view bytes, std::size_t descriptors = 0) {
        iovec part{const_cast<char*>(bytes.data()), bytes.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> ancillary{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const std::array fds = {fd_, fd_};
        if (descriptors > 0) {
            message.msg_control = ancillary.data();
            message.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
            cmsghdr* header = CMSG_FIRSTHDR(&message);
            *header = {CMSG_LEN(descriptors * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
            std::memcpy(CMSG_DATA(header), fds.data(), descriptors * sizeof(int));
        }
        if (sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) ++sent_;
    }
    void send(const scram_signal& record) {
        send({reinterpret_cast<const char*>(&record), sizeof record});
    }
    void shut(int how) { shutdown(fd_, how); }

    void read_answers() {
        while (read_answer()) check(++answered_ <= sent_, "at most one answer to a message");
    }

  private:
    bool read_answer() {
        struct {
            scram_signal record;
            char text[SCRAM_TEXT_MAX + 1];
        } answer;
        iovec part{&answer, sizeof answer};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(4 * sizeof(int))> ancillary{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = ancillary.data();
        message.msg_controllen = ancillary.size();
        const ssize_t size = recvmsg(fd_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (size <= 0) return false;
        const auto [gates, ring] = descriptors_of(message);
        const auto bytes = static_cast<std::size_t>(size);
        check(bytes >= sizeof answer.record && bytes <= sizeof answer.record + SCRAM_TEXT_MAX,
              "an answer is a record and its text");
        check(answer.record.version == SCRAM_VERSION, "an answer has our version");
        const bool refused = answer.record.kind == SCRAM_REFUSED;
        check(refused || answer.record.kind == SCRAM_OK, "an answer says yes or no");
        check(refused == (bytes > sizeof answer.record), "a refusal has a text");
        check(!refused || gates < 0, "a refusal carries no descriptor");
        if (gates >= 0) look_at_gates(gates);
        if (ring >= 0) look_at_ring(ring);
        return true;
    }

    static std::array<int, 2> descriptors_of(msghdr& message) {
        std::array<int, 2> fds = {-1, -1};
        const cmsghdr* header = CMSG_FIRSTHDR(&message);
        if (header == nullptr) return fds;
        check(header->cmsg_type == SCM_RIGHTS && header->cmsg_len <= CMSG_LEN(sizeof fds),
              "an answer carries two descriptors at most");
        std::memcpy(fds.data(), CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
        return fds;
    }

    static void look_at_ring(int fd) {
        check(ftruncate(fd, 0) != 0, "a source cannot resize its ring");
        close(fd);
    }

    static void look_at_gates(int fd) {
        void* memory = mmap(nullptr, sizeof(scram_gates), PROT_WRITE, MAP_SHARED, fd, 0);
        check(memory == MAP_FAILED && ftruncate(fd, 0) != 0, "a source cannot write a gate");
        close(fd);
    }

    int fd_;
    std::size_t sent_ = 0, answered_ = 0;
};

scram_signal request(fuzz::Input& input) {
    scram_signal record{};
    record.version = SCRAM_VERSION;
    record.kind = input.byte();
    const std::uint8_t size = input.byte();
    record.sequence = size & 0x80 ? SCRAM_WANTS_RING : 0;
    const std::string_view name = input.take((size & 0x7f) % (SCRAM_NAME_SIZE + 1));
    std::memcpy(record.name, name.data(), name.size());
    return record;
}

// More records than a message may have are among them.
std::string batch(fuzz::Input& input) {
    scram_signal record{};
    record.version = SCRAM_VERSION;
    record.kind = SCRAM_VALUE;
    const std::size_t count = input.byte() % (SCRAM_BATCH_MAX + 4);
    const std::size_t odd_one = input.byte();
    const std::uint8_t its_kind = input.byte();
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) {
        record.sequence = i + 1;
        record.kind = i == odd_one ? its_kind : std::uint8_t{SCRAM_VALUE};
        bytes.append(reinterpret_cast<const char*>(&record), sizeof record);
    }
    return bytes;
}

enum class What : std::uint8_t { bytes, request, batch, descriptors, end, no_more, deaf, read };

using Sources = std::array<std::unique_ptr<Source>, clients_max>;

// A byte: 3 bits what, 2 bits who, and 1 bit for "the next before the server has its turn".
void step(fuzz::Input& input, Server& server, Sources& sources) {
    const std::uint8_t byte = input.byte();
    std::unique_ptr<Source>& source = sources[(byte >> 3) % clients_max];
    if (!source) {
        source = std::make_unique<Source>(server.socket.connect([&] { server.run(); }));
    }
    switch (static_cast<What>(byte & 7)) {
        case What::bytes:
            source->send(input.take(input.value<std::uint16_t>() % 8192));
            break;
        case What::request:
            source->send(request(input));
            break;
        case What::batch:
            source->send(batch(input));
            break;
        case What::descriptors:
            source->send(input.take(input.byte() % 66), 1 + input.byte() % 2);
            break;
        case What::end:
            source.reset();
            break;
        case What::no_more:
            source->shut(SHUT_WR);
            break;
        case What::deaf:
            source->shut(SHUT_RD);
            break;
        case What::read:
            source->read_answers();
            break;
    }
    if ((byte & 0x20) == 0) server.run();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Server server;
    const int open_before = fuzz::open_descriptors();
    fuzz::Input input(data, size);
    {
        Sources sources;
        while (!input.empty()) step(input, server, sources);
        server.run();
        for (const auto& source : sources) {
            if (source) source->read_answers();
        }
    }
    server.run();
    check(!server.sink.any_attached(), "a source whose connection ended is not attached");
    check(fuzz::open_descriptors() == open_before, "no descriptor is left open");
    return 0;
}
