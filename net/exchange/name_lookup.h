// The addresses of a host's name, asked for behind the loop's back: a name server may be silent for
// many seconds, and neither the loop nor the end of the program waits for it. Nor does another
// name: each has a thread of its own, in which it is looked up once for all who asked until then.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/exchange/endpoints.h"

namespace scram {

class NameLookup {
  public:
    // Runs in the loop; if `found` is empty, `error` says why.
    using Found = std::function<void(const std::string& error, const std::vector<Endpoint>& found)>;

    NameLookup(boost::asio::io_context& io, std::string host, std::uint16_t port, Found found);
    ~NameLookup();  // an answer that comes later is dropped
    NameLookup(const NameLookup&) = delete;
    NameLookup& operator=(const NameLookup&) = delete;

    // Asks, unless an answer is due already.
    void ask();

  private:
    struct Query;
    class Resolver;
    std::shared_ptr<Query> query_;
};

}  // namespace scram
