// scramd's status page for scramctl: read without asking scramd, with how fresh it is.
#pragma once

#include <optional>
#include <string>

#include "daemon/common/status_page_file.h"
#include "daemon/scramctl/reply.h"

namespace scram {

// A page and the status in it.
class PageReply {
  public:
    // Throws Unreachable, which says why there is none.
    static PageReply read(const std::string& path);

    // In one line, how scramd is and how old what follows is.
    std::string life_text() const;
    // "0.1 s old", of the status.
    std::string age_text() const;
    // None: scramd has not written a status yet, or it had no room.
    const std::optional<Reply>& status() const { return status_; }
    // Why there is none.
    std::string missing_text() const;
    // The status with a key more, `page`.
    std::string json() const;
    PageLife life() const { return page_.life; }

  private:
    PageReply() = default;
    std::string head_json() const;
    Duration heartbeat_age() const;

    StatusPage page_;
    std::optional<Reply> status_;
};

struct PageQuery {
    std::string file;
    bool details = false;
    bool json = false;
};
// scramctl status --board; returns the exit code.
int show_page(const PageQuery& query);

}  // namespace scram
