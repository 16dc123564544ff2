#include "tests/sim/replies.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace scram::sim {
namespace {

using enum AnswerClass;
using Shelf = std::array<std::vector<Reply>, 7>;

struct Codes {
    AnswerClass meant;
    int http;
    std::vector<std::uint32_t> codes;
};

// https://www.okx.com/docs-v5/en/#error-code-rest-api
std::vector<Codes> documented_codes() {
    return {
        {failed, 200, {1, 2, 51400, 51403, 51404, 51410, 51412, 51413, 59999}},
        {failed, 503, {50001}},
        {failed, 429, {50013}},
        {failed, 500, {50026}},
        {ambiguous, 400, {50004}},
        {ambiguous, 500, {51054, 51149}},
        {throttled, 200, {50011, 50040, 50042, 50061}},
        {throttled, 429, {50011}},
        {AnswerClass::clock, 401, {50102, 50107, 50112}},
        {refused, 200, {50007, 50008, 50009, 50012, 50017, 50018, 50019, 50020, 50021, 50022}},
        {refused, 200, {50023, 50024, 50025, 50027, 50028, 50029, 50030, 50038, 50053, 50119}},
        {refused, 200, {50120, 50121, 51010, 51024, 51411, 54009}},
        {refused, 400, {50000, 50002, 50006, 50014, 50015, 50016, 50100, 51000}},
        {refused, 401, {50101, 50103, 50104, 50105, 50106, 50108, 50109, 50110, 50111, 50113}},
        {refused, 401, {50114, 50119}},
        {refused, 403, {50035}},
        {refused, 405, {50115}},
        {refused, 410, {50005}},
        {nothing_left, 200, {51405}},
    };
}

void put(Shelf& shelf, AnswerReader& reader, AnswerClass meant, int http, std::string body,
         bool from_edge = false) {
    const Answer read = reader.mass_cancel(http, body);
    shelf[static_cast<std::size_t>(meant)].push_back(
        {std::move(body), http, meant, read, from_edge});
}

void put_documented(Shelf& shelf, AnswerReader& reader) {
    for (const Codes& row : documented_codes()) {
        for (const std::uint32_t code : row.codes) {
            put(shelf, reader, row.meant, row.http,
                fmt::format(R"({{"code":"{}","data":[],"msg":"as documented"}})", code));
            put(shelf, reader, row.meant, row.http,
                fmt::format(R"({{"msg":"of the outer layer","code":"{}"}})", code));
        }
    }
}

void put_done(Shelf& shelf, AnswerReader& reader) {
    put(shelf, reader, accepted, 200, R"({"code":"0","msg":"","data":[{"result":true}]})");
    put(shelf, reader, accepted, 200, R"({"data":[{"result":true}],"msg":"","code":"0"})");
    put(shelf, reader, accepted, 200,
        R"({"code":"0","msg":"","data":[{"result":true}],"inTime":"1","outTime":"2"})");
}

void put_strange(Shelf& shelf, AnswerReader& reader) {
    const auto edge = [&](int http, std::string body) {
        put(shelf, reader, failed, http, std::move(body), true);
    };
    put(shelf, reader, failed, 200, R"({"code":"0","msg":"","data":[{"result":false}]})");
    put(shelf, reader, failed, 200, R"({"code":"51008_1000","msg":"","data":[]})");
    put(shelf, reader, refused, 401, "<html>who are you?</html>");
    put(shelf, reader, throttled, 429, "<html>slow down</html>");
    edge(200, R"({"code":"0","msg":"","data":[]})");
    edge(200, R"({"code":"0","msg":"","data":[{"result":true},{"result":true}]})");
    edge(200, R"({"code":"0","msg":"","data":[{"result":"true"}]})");
    edge(200, R"({"code":"0","msg":"","data":[{"result":tr)");
    edge(200, "");
    edge(200, "\x01\xff garbage");
    edge(500, R"({"code":"0","msg":"","data":[{"result":true}]})");
    edge(500, R"({"code":500,"data":{},"msg":"Internal Server Error"})");
    edge(502, "<html>bad gateway</html>");
    edge(525, "<!DOCTYPE html><title>handshake failed</title>");
}

Shelf fill() {
    Shelf shelf;
    AnswerReader reader;
    put_done(shelf, reader);
    put_documented(shelf, reader);
    put_strange(shelf, reader);
    return shelf;
}

}  // namespace

std::span<const Reply> replies(AnswerClass meant) {
    static const Shelf shelf = fill();
    return shelf[static_cast<std::size_t>(meant)];
}

}  // namespace scram::sim
