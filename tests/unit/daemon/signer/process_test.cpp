// A real keeper and a real signer, forked, over their socket.
#include "daemon/signer/process.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/signer/client.h"
#include "net/clock.h"
#include "tests/unit/daemon/records/journal_folder.h"
#include "tests/unit/daemon/signer/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

std::string status_of(pid_t pid) {
    std::ostringstream out;
    out << std::ifstream("/proc/" + std::to_string(pid) + "/status").rdbuf();
    return out.str();
}

bool is_there(pid_t pid) {
    const std::string status = status_of(pid);
    return !status.empty() && status.find("State:\tZ") == status.npos;
}

std::size_t descriptors_of(pid_t pid) {
    std::error_code error;
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd", error);
    REQUIRE_MESSAGE(!error, error.message());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// The line as it is, without the client's manners.
struct Raw {
    SignerLine line = started();
    ~Raw() {
        if (line.fd) hang_up();
        waitpid(line.keeper, nullptr, 0);
    }
    void hang_up() { line.fd.reset(); }
    void say(const void* bytes, std::size_t size) const {
        REQUIRE(send(line.fd.get(), bytes, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size));
    }
    // Of one message, whose size is a multiple.
    std::vector<SignAnswer> hear() const {
        std::vector<SignAnswer> answers(requests_per_message_max + 1);
        const ssize_t size =
            recv(line.fd.get(), answers.data(), answers.size() * sizeof answers[0], 0);
        REQUIRE(size > 0);
        REQUIRE(static_cast<std::size_t>(size) % sizeof answers[0] == 0);
        answers.resize(static_cast<std::size_t>(size) / sizeof answers[0]);
        return answers;
    }
    SignerHello hear_hello() const {
        SignerHello hello{};
        REQUIRE(recv(line.fd.get(), &hello, sizeof hello, 0) == sizeof hello);
        return hello;
    }
    void signs() const {
        const SignRequest request = v2_request();
        say(&request, sizeof request);
        const auto answers = hear();
        REQUIRE(answers.size() == 1);
        CHECK(text(answers[0].signature) == v2_signature);
    }
};

}  // namespace

TEST_CASE("signer: hands over keys and passphrases, and signs") {
    const Raw signer;
    REQUIRE(signer.line.keys.size() == 2);
    CHECK(signer.line.keys[0].key == "fake-key-1");
    CHECK(signer.line.keys[1].passphrase.reveal() == "fake-passphrase-2");
    signer.signs();
}

TEST_CASE("signer: a message of the wrong size is answered so, and the next one as ever") {
    const Raw signer;
    const std::vector<SignRequest> many(2 * requests_per_message_max, v2_request());
    for (const std::size_t size : {std::size_t{1}, sizeof(SignRequest) - 1, sizeof(SignRequest) + 1,
                                   requests_per_message_max * sizeof(SignRequest) + 1,
                                   2 * requests_per_message_max * sizeof(SignRequest)}) {
        CAPTURE(size);
        signer.say(many.data(), size);
        const auto answers = signer.hear();
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].verdict == SignVerdict::malformed);
    }
    signer.signs();
}

TEST_CASE("signer: what is not on the list is refused") {
    const Raw signer;
    SignRequest request = v2_request();
    request.what = 200;
    signer.say(&request, sizeof request);
    CHECK(signer.hear().at(0).verdict == SignVerdict::unknown_request);
    request = v2_request();
    request.family = 2;  // of the other account
    signer.say(&request, sizeof request);
    CHECK(signer.hear().at(0).verdict == SignVerdict::unknown_family);
}

TEST_CASE("signer: a client asks for a cancel of orders by a list of them") {
    SignerClient client(started());
    SignRequest request{};
    request.number = 5;
    request.timestamp = v1_time.value;
    request.what = static_cast<std::uint8_t>(PrivateRequest::cancel_orders);
    const OrderRef order{FixedText<instrument_name_max>("BTC-USD-261225-60000-C"), 17};
    client.ask(request, std::span(&order, 1));
    const auto answers = client.take(monotonic_now(), monotonic_now() + 10s);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].number == 5);
    CHECK(text(answers[0].signature) == "w+SsgTSQIbuZ9x5cf9CVGputzCqCrBmuJBILhr71y64=");
}

TEST_CASE("signer: every account whose credentials are wrong is told, and nothing stays behind") {
    const auto line = start_signer(signer_plan(), [](AccountId of) {
        return std::variant<Credentials, std::string>{"credentials " +
                                                      std::to_string(index(of) + 1) + " are wrong"};
    });
    REQUIRE(std::holds_alternative<std::string>(line));
    CHECK(std::get<std::string>(line) == "credentials 1 are wrong\ncredentials 2 are wrong\n");
}

TEST_CASE("signer: keeper and signer have the socket and stderr, no core, and few system calls") {
    const Raw signer;
    for (const pid_t pid : {signer.line.keeper, pid_t{signer.line.hello.pid}}) {
        CAPTURE(status_of(pid));
        CHECK(says(status_of(pid), "NoNewPrivs:\t1"));
        if (signer.line.hello.calls_confined) CHECK(says(status_of(pid), "Seccomp:\t2"));
        if (geteuid() == 0) CHECK(descriptors_of(pid) == 2);
    }
    CHECK(says(status_of(signer.line.keeper), "Name:\tscramd-keeper"));
    CHECK(says(status_of(signer.line.hello.pid), "Name:\tscramd-signer"));
}

TEST_CASE("signer: another takes the place of one that died, and what it is asked it signs") {
    const Raw signer;
    pid_t before = signer.line.hello.pid;
    for (int deaths = 0; deaths < 2; ++deaths) {
        kill(before, SIGKILL);
        const SignerHello next = signer.hear_hello();
        CHECK(next.pid != before);
        signer.signs();
        before = next.pid;
    }
}

TEST_CASE("signer: one that dies again and again is started a few times a second, no more") {
    const Raw signer;
    const Time began = monotonic_now();
    pid_t before = signer.line.hello.pid;
    for (int deaths = 0; deaths < 4; ++deaths) {
        kill(before, SIGKILL);
        before = signer.hear_hello().pid;
    }
    CHECK(monotonic_now() - began >= 4 * 200ms);
}

TEST_CASE("signer: keeper and signer do not heed what tells the group to end") {
    const Raw signer;
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        kill(signer.line.keeper, number);
        kill(signer.line.hello.pid, number);
    }
    signer.signs();
}

TEST_CASE("signer: both end when the network process closes its end") {
    Raw calm;
    const pid_t signer = calm.line.hello.pid;
    calm.hang_up();
    CHECK(comes([&] { return !is_there(signer) && !is_there(calm.line.keeper); }));
}

TEST_CASE("signer: the signer ends with its keeper") {
    Raw raw;
    kill(raw.line.keeper, SIGKILL);
    CHECK(comes([&] { return !is_there(raw.line.hello.pid); }));
    char byte = 0;
    CHECK(recv(raw.line.fd.get(), &byte, 1, 0) <= 0);
}

TEST_CASE("signer: both end with the network process, also where the signer is stopped") {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const pid_t network = fork();
    if (network == 0) {
        const auto made = start_signer(signer_plan(), example_credentials);
        const auto& line = std::get<SignerLine>(made);
        const std::array<pid_t, 2> pids{line.keeper, line.hello.pid};
        (void)!write(ends[1], pids.data(), sizeof pids);
        pause();
        _exit(0);
    }
    std::array<pid_t, 2> pids{};
    REQUIRE(read(ends[0], pids.data(), sizeof pids) == sizeof pids);
    kill(pids[1], SIGSTOP);
    kill(network, SIGKILL);
    waitpid(network, nullptr, 0);
    CHECK(comes([&] { return !is_there(pids[0]) && !is_there(pids[1]); }));
    ::close(ends[0]);
    ::close(ends[1]);
}
