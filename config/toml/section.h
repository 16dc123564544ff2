// One table of the operator's TOML, read key by key. What is wrong is collected in the document,
// not thrown: reading goes on, and the operator sees every error in one run.
#pragma once

#include <toml++/toml.h>
#include <optional>

#include "config/toml/document.h"

namespace scram::config {

// A string, and where it stands.
struct Text {
    std::string value;
    Place place;
};

template <class Number>
struct Range {
    Number min;
    Number max;
    std::string_view why = {};  // the reason for a bound that is not ours
};

// Every read leaves `out` as it is when the key is absent or refused; so defaults are set
// beforehand. The keys asked for are those accepted: end() refuses every other key.
class Section {
  public:
    // `title` is how messages name it: "[exchange]".
    Section(Document& document, const toml::table& table, std::string title);

    void read(std::string_view key, bool& out);
    void read(std::string_view key, std::string& out);
    void read(std::string_view key, double& out);               // finite
    void read(std::string_view key, std::vector<double>& out);  // each finite
    void read_ms(std::string_view key, Duration& out, Range<double> milliseconds);
    void read_s(std::string_view key, Duration& out, Range<double> seconds);
    template <class Integer>
    void read(std::string_view key, Integer& out, Range<std::int64_t> range) {
        if (const auto value = integer(key, range)) out = static_cast<Integer>(*value);
    }
    template <class Enum, std::size_t n>
    void read(std::string_view key, Enum& out, const std::string_view (&names)[n]) {
        if (const auto at = choice(key, {names, names + n})) out = static_cast<Enum>(*at);
    }

    std::optional<Text> text(std::string_view key);
    std::optional<Text> text_or_empty(std::string_view key);
    std::optional<std::vector<Text>> list(std::string_view key);  // may be empty
    std::optional<Section> table(std::string_view key);
    std::vector<Section> tables(std::string_view key, std::size_t count_max);

    bool has(std::string_view key);
    void need(std::string_view key, std::string_view what);
    void end();

    void error(std::string_view key,
               std::string message);  // at the key's value, else at the header
    // None of them was refused: rules that join them make sense.
    bool sound(std::initializer_list<std::string_view> keys) const;
    Place place() const;
    Document& document() { return *document_; }
    const std::string& title() const { return title_; }
    void add_to_title(std::string_view name);  // "[[rule]]" becomes "[[rule]] delta"

  private:
    const toml::node* find(std::string_view key);
    void refuse(std::string_view key, const toml::node& node, std::string_view expected);
    void read_duration(std::string_view key, Duration& out, Range<double> range,
                       std::string_view unit, double ns_of_unit);
    std::optional<std::int64_t> integer(std::string_view key, Range<std::int64_t> range);
    std::optional<std::size_t> choice(std::string_view key, std::vector<std::string_view> names);

    Document* document_;
    const toml::table* table_;
    std::string title_;
    std::vector<std::string_view> known_;
    std::vector<std::string_view> refused_;
};

}  // namespace scram::config
