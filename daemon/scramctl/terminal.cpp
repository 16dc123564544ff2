#include "daemon/scramctl/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace scram {
namespace {

constexpr std::string_view other_screen = "\x1b[?1049h\x1b[?25l",
                           first_screen = "\x1b[?25h\x1b[?1049l";

volatile std::sig_atomic_t asked_to_end = 0, asked_to_stop = 0;
termios terminal_before;

void on_end(int) {
    asked_to_end = 1;
}
void on_stop(int) {
    asked_to_stop = 1;
}
void on_resize(int) {}

void handle(int number, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(number, &action, nullptr);
}

bool put(std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
           std::fflush(stdout) == 0;
}

std::string_view colour_of(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return "";
        case Tone::heading:
            return "\x1b[1m";
        case Tone::good:
            return "\x1b[1;32m";
        case Tone::warning:
            return "\x1b[33m";
        case Tone::bad:
            return "\x1b[1;31m";
    }
    return "";
}

bool wants_colours() {
    const char* no_color = std::getenv("NO_COLOR");
    return no_color == nullptr || *no_color == '\0';
}

}  // namespace

// The signals come in wait() alone, so that none is missed between a look and a wait.
Terminal::Terminal() : colours_(wants_colours()) {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH}) sigaddset(&ours, number);
    sigprocmask(SIG_BLOCK, &ours, &waiting_mask_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) handle(number, on_end);
    handle(SIGTSTP, on_stop);
    handle(SIGWINCH, on_resize);
    std::signal(SIGPIPE, SIG_IGN);
    enter();
}

Terminal::~Terminal() {
    leave();
}

void Terminal::enter() {
    is_raw_ = tcgetattr(STDIN_FILENO, &terminal_before) == 0;
    if (is_raw_) {
        termios raw = terminal_before;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    }
    put(other_screen);
}

void Terminal::leave() {
    put(first_screen);
    if (is_raw_) tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal_before);
}

ScreenSize Terminal::size() const {
    winsize screen{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen) != 0 || screen.ws_col == 0 || screen.ws_row == 0)
        return {};
    return {screen.ws_col, screen.ws_row};
}

bool Terminal::draw(std::span<const ScreenLine> lines) {
    std::string out = "\x1b[H";
    for (const ScreenLine& line : lines) {
        const std::string_view colour = colours_ ? colour_of(line.tone) : "";
        if (&line != lines.data()) out += "\r\n";
        out.append(colour).append(line.text).append(colour.empty() ? "" : "\x1b[0m");
        // On a line that is full the cursor stands on its last character.
        if (line.text.size() < size().columns) out += "\x1b[K";
    }
    return put(out + (lines.size() < size().rows ? "\r\n\x1b[J" : ""));
}

Terminal::Wake Terminal::wait() {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const timespec second{1, 0};
    const int ready = ppoll(&input, is_raw_ ? 1 : 0, &second, &waiting_mask_);
    if (asked_to_end != 0) return Wake::quit;
    if (asked_to_stop != 0) {
        asked_to_stop = 0;
        leave();
        raise(SIGSTOP);
        enter();
        return Wake::key;
    }
    if (ready == 0) return Wake::time;
    if (ready < 0) return errno == EINTR ? Wake::key : Wake::quit;
    char key = 0;
    if (read(STDIN_FILENO, &key, 1) != 1) return Wake::quit;  // the terminal has gone
    return key == 'q' || key == 'Q' ? Wake::quit : Wake::key;
}

}  // namespace scram
