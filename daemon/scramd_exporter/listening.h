// Where the exporter listens: HOST:PORT with an address, or unix:PATH.
#pragma once

#include <string>
#include <variant>

#include "net/unix/socket.h"

namespace scram {

struct ListenPlace {
    std::string address;      // an IP address, or empty: a Unix socket
    unsigned short port = 0;  // 0: any that is free
    std::string path;         // of the Unix socket
};

// Or what is wrong with `text`. An address that others reach is refused unless `is_public`.
std::variant<ListenPlace, std::string> listen_place(const std::string& text, bool is_public);

struct Listening {
    Listener listener;
    std::string shown;  // "http://127.0.0.1:9467"
};
// Or why not. A Unix socket is its user's and group's (0660).
std::variant<Listening, std::string> listen_to(const ListenPlace& place);

}  // namespace scram
