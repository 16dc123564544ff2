#include "daemon/signer/process.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

#include "daemon/log/line.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/signer/policy.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr std::size_t greeting_max = 8192;  // an error names a path
constexpr int start_patience_ms = 10'000;

bool say(int fd, std::string_view bytes) {
    return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0;
}
std::string_view bytes_of(const SignerHello& hello) {
    return {reinterpret_cast<const char*>(&hello), sizeof hello};
}

// ---- The signer ---------------------------------------------------------------------------------

// Until the network process closes its end.
void serve(int fd, SigningPolicy& policy) {
    std::array<std::byte, requests_per_message_max * sizeof(SignRequest) + 1> message;
    while (true) {
        const ssize_t size = recv(fd, message.data(), message.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return;
        const auto answers = std::as_bytes(
            policy.answer({message.data(), static_cast<std::size_t>(size)}, boottime_now()));
        if (!say(fd, {reinterpret_cast<const char*>(answers.data()), answers.size()})) return;
    }
}

void sign(int fd, pid_t keeper, SigningPolicy& policy) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) return;  // it has died already
    prctl(PR_SET_NAME, "scramd-signer");
    SignerHello hello{};
    hello.pid = getpid();
    hello.memory_locked = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
    hello.calls_confined = confine_calls(Calls::signer).empty();
    if (say(fd, bytes_of(hello))) serve(fd, policy);
}

// ---- The keeper ---------------------------------------------------------------------------------

bool is_closed_over_there(int fd) {
    pollfd line{fd, 0, 0};
    return poll(&line, 1, 0) == 1 && (line.revents & POLLHUP) != 0;
}

// A signer that cannot live is started once in each; a loop that is watched is looked at.
constexpr int moment_ms = 200;
constexpr int frozen_ms = 10'000;  // systemd gives our unit 3 s; no maker quotes meanwhile

void wait_a_moment() {
    timespec moment{0, moment_ms * 1'000'000};
    while (nanosleep(&moment, &moment) != 0 && errno == EINTR) continue;
}

// Nobody may be reading the log: then it goes without a word.
void tell_frozen() {
    pollfd log{STDERR_FILENO, POLLOUT, 0};
    if (poll(&log, 1, 0) != 1 || (log.revents & POLLOUT) == 0) return;
    const std::string line =
        "<0>" +
        LogLine(LogEvent::loop_frozen)
            .add("detail", fmt::format("the event loop has completed no iteration for {} s: scramd "
                                       "is killed, to be started again",
                                       frozen_ms / 1000))
            .text() +
        "\n";
    (void)!write(STDERR_FILENO, line.data(), line.size());
}

// Until it ends; meanwhile the loop is watched, if it is to be.
void await_end(pid_t signer, pid_t network, const SharedHeartbeat* watched) {
    LoopMonitor watch(frozen_ms / moment_ms);
    while (true) {
        const pid_t ended = waitpid(signer, nullptr, watched != nullptr ? WNOHANG : 0);
        if (ended == signer || (ended < 0 && errno != EINTR)) return;
        if (watched == nullptr) continue;
        wait_a_moment();
        if (!watch.is_frozen(watched->last())) continue;
        tell_frozen();
        kill(network, SIGKILL);
    }
}

// True in a new signer; false once there is nobody left to sign for.
bool keep_one_alive(int fd, pid_t network, const SharedHeartbeat* watched) {
    while (!is_closed_over_there(fd) && getppid() == network) {
        const pid_t signer = fork();
        if (signer == 0) return true;
        if (signer > 0) await_end(signer, network, watched);
        if (!is_closed_over_there(fd)) wait_a_moment();
    }
    return false;
}

// What only the network process needs, and what would tell the secret.
void give_up_the_rest(int fd) {
    const auto at = static_cast<unsigned>(fd);
    close_range(0, STDERR_FILENO - 1, 0);
    if (at > STDERR_FILENO + 1) close_range(STDERR_FILENO + 1, at - 1, 0);
    close_range(at + 1, ~0U, 0);
    give_up_raw_sockets();
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    // The whole group is told to end: they end when the network process has.
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) signal(number, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

// The signer's end of the handover: "+", key, NUL, passphrase; or "-" and what is wrong.
std::unique_ptr<Signer> introduce(int fd, std::variant<Credentials, std::string> loaded) {
    if (const auto* error = std::get_if<std::string>(&loaded)) {
        say(fd, "-" + error->substr(0, greeting_max - 1));
        return nullptr;
    }
    const auto& credentials = std::get<Credentials>(loaded);
    const Secret text("+" + credentials.key + '\0' + credentials.passphrase.reveal());
    say(fd, text.reveal());
    return std::make_unique<HmacSigner>(credentials.secret.reveal());
}

// Shared by all signers that the keeper starts: one that is killed takes no memory of it along.
SigningPace* make_pace() {
    void* at = mmap(nullptr, sizeof(SigningPace), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? nullptr : new (at) SigningPace;
}

std::optional<SigningPolicy> make_desk(int fd, const Plan& plan, const LoadAccount& load) {
    std::vector<std::unique_ptr<Signer>> signers;
    bool complete = true;
    for (std::size_t a = 0; a < plan.accounts.size(); ++a) {
        signers.push_back(introduce(fd, load(id_at<AccountId>(a))));
        complete = complete && signers.back() != nullptr;
    }
    SigningPace* pace = make_pace();
    if (!complete || pace == nullptr) return std::nullopt;
    return SigningPolicy(plan, std::move(signers), *pace);
}

void keep(int fd, pid_t network, const Plan& plan, const LoadAccount& load,
          const SharedHeartbeat* watched) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != network) return;
    give_up_the_rest(fd);
    prctl(PR_SET_NAME, "scramd-keeper");
    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
    auto policy = make_desk(fd, plan, load);
    if (!policy) return;
    confine_calls(Calls::keeper);  // where it is not to be had, the signer will say so
    const pid_t keeper = getpid();
    if (keep_one_alive(fd, network, watched)) sign(fd, keeper, *policy);
}

// ---- The network process ------------------------------------------------------------------------

// Empty: the keeper has ended, or its signers die one after the other.
std::string hear(int fd) {
    std::string text(greeting_max, '\0');
    pollfd line{fd, POLLIN, 0};
    if (poll(&line, 1, start_patience_ms) == 0) return {};
    ssize_t size = 0;
    do {
        size = recv(fd, text.data(), text.size(), 0);
    } while (size < 0 && errno == EINTR);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

std::string how_it_ended(const SignerLine& line) {
    const int patience = is_closed_over_there(line.fd.get()) ? 0 : WNOHANG;
    int status = 0;
    if (waitpid(line.keeper, &status, patience) == line.keeper && WIFSIGNALED(status))
        return fmt::format("the signer was killed by signal {} as it started", WTERMSIG(status));
    return "the signer does not start";
}

std::string take_key(std::string_view text, std::vector<AccountKey>& keys) {
    if (text.front() == '-') return std::string(text.substr(1)) + "\n";
    text.remove_prefix(1);
    const std::size_t middle = std::min(text.find('\0'), text.size() - 1);
    keys.push_back(
        {std::string(text.substr(0, middle)), Secret(std::string(text.substr(middle + 1)))});
    return {};
}

std::string hear_all(SignerLine& line, std::size_t accounts) {
    std::string errors;
    for (std::size_t a = 0; a < accounts; ++a) {
        const std::string text = hear(line.fd.get());
        if (text.empty()) return how_it_ended(line);
        errors += take_key(text, line.keys);
    }
    if (!errors.empty()) {
        waitpid(line.keeper, nullptr, 0);
        return errors;
    }
    const std::string hello = hear(line.fd.get());
    if (hello.size() != sizeof line.hello) return how_it_ended(line);
    std::memcpy(&line.hello, hello.data(), sizeof line.hello);
    return {};
}

}  // namespace

std::variant<SignerLine, std::string> start_signer(const Plan& plan, const LoadAccount& load,
                                                   const SharedHeartbeat* watched) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fmt::format("cannot make the signer's socket: {}", std::strerror(errno));
    const pid_t network = getpid();
    const pid_t keeper = fork();
    if (keeper == 0) {
        keep(ends[1], network, plan, load, watched);
        _exit(0);
    }
    ::close(ends[1]);
    SignerLine line{UniqueFd(ends[0]), keeper, {}, {}};
    std::string error = keeper < 0 ? fmt::format("cannot fork: {}", std::strerror(errno))
                                   : hear_all(line, plan.accounts.size());
    if (!error.empty()) return error;
    return line;
}

}  // namespace scram
