// What a request is answered, as a function of it and of one look at the page.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "daemon/scramd_exporter/look.h"

namespace scram {

struct WebRequest {
    std::string_view method, target, accept;
};

struct WebAnswer {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    bool streams = false;  // the body goes on with web_event() of each second
};

// `look` is asked for only where the answer needs one.
WebAnswer answer_to(const WebRequest& request, const std::function<const Look&()>& look);
// Whether a Host header names this machine: an address or localhost, or nothing at all.
bool is_local_host(std::string_view host);
// One server-sent event.
std::string web_event(const Look& look);

}  // namespace scram
