// One line of scramd, or a file that it wrote, read once: what a program is given, and what the
// texts for people are made of.
#pragma once

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>

#include "daemon/common/json_fields.h"

namespace scram {

class Reply {
  public:
    // None: it is no JSON object.
    static std::optional<Reply> read(std::string text) {
        Reply out;
        out.text_ = std::move(text);
        const bool is_json = out.parser_->parse(out.text_).get(out.root_) == simdjson::SUCCESS;
        if (!is_json || !out.root_.is_object()) return std::nullopt;
        return out;
    }

    const std::string& text() const { return text_; }
    simdjson::dom::element root() const { return root_; }
    bool ok() const { return printing::flag(root_, "ok"); }
    std::string error() const { return printing::field(root_, "error"); }

  private:
    Reply() = default;

    std::string text_;
    std::unique_ptr<simdjson::dom::parser> parser_ = std::make_unique<simdjson::dom::parser>();
    simdjson::dom::element root_;
};

}  // namespace scram
