#include "daemon/scramd_exporter/answer.h"

#include <boost/asio/ip/address.hpp>

#include "daemon/scramd_exporter/metrics.h"
#include "daemon/scramd_exporter/web_page.h"

namespace scram {
namespace {

WebAnswer plain(unsigned status, std::string text) {
    return {status, "text/plain; charset=utf-8", std::move(text), false};
}

WebAnswer health(const Look& look) {
    if (!look.life) return plain(503, look.trouble + "\n");
    if (!look.moves()) return plain(503, "scramd " + look.life_text() + "\n");
    return plain(200, "scramd moves\n");
}

}  // namespace

WebAnswer answer_to(const WebRequest& request, const std::function<const Look&()>& look) {
    if (request.method != "GET" && request.method != "HEAD")
        return plain(405, "only GET and HEAD: nothing can be changed from here\n");
    const std::string_view path = request.target.substr(0, request.target.find('?'));
    if (path == "/metrics") {
        const ExpositionFormat format = format_for(request.accept);
        return {200, std::string(content_type(format)), metrics_text(look(), format), false};
    }
    if (path == "/healthz") return health(look());
    if (path == "/") return {200, "text/html; charset=utf-8", web_page(look()), false};
    if (path == "/page.css") return {200, "text/css", std::string(web_style), false};
    if (path == "/page.js") return {200, "text/javascript", std::string(web_script), false};
    if (path == "/events") return {200, "text/event-stream", web_event(look()), true};
    return plain(404, "there are /, /metrics, /healthz and /events\n");
}

bool is_local_host(std::string_view host) {
    if (host.empty() || host.front() == '[') return true;  // a name has no bracket
    host = host.substr(0, host.find(':'));
    boost::system::error_code is_name;
    boost::asio::ip::make_address(std::string(host), is_name);
    return !is_name || host == "localhost";
}

std::string web_event(const Look& look) {
    return "data: " + web_board(look) + "\n\n";
}

}  // namespace scram
