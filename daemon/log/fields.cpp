#include "daemon/log/fields.h"

#include "daemon/log/line.h"

namespace scram {

std::string Fields::line() const {
    std::string out;
    for (const Field& field : fields_)
        out.append(" ").append(field.key).append("=").append(log_value(field.value));
    return out;
}

void Fields::add_to(JsonObject& out) const {
    for (const Field& field : fields_)
        out.add_raw(field.key, field.is_text ? json_string(field.value) : field.value);
}

void add_answer(JsonObject& to, const Answer& answer) {
    to.add("http", answer.http_status);
    if (answer.code == no_code) return;
    to.add("code", std::to_string(answer.code)).add("why", why(answer.code));
}

void add_answer(Fields& to, const Answer& answer) {
    to.number("http", answer.http_status);
    if (answer.code == no_code) return;
    to.text("code", std::to_string(answer.code)).text("why", why(answer.code));
}

}  // namespace scram
