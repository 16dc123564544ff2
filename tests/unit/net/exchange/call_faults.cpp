#include "tests/unit/net/exchange/call_faults.h"

#include <cerrno>

namespace scram::testing {
namespace {

thread_local std::size_t calls_left = 0;  // until the one that fails; 0: none does
thread_local int error_of_it = 0;
thread_local const char* hit_call = nullptr;

}  // namespace

CallFault::CallFault(std::size_t nth, int error) {
    calls_left = nth;
    error_of_it = error;
    hit_call = nullptr;
}

CallFault::~CallFault() {
    calls_left = 0;
}

const char* CallFault::hit() const {
    return hit_call;
}

bool call_fails(const char* name) {
    if (calls_left == 0 || --calls_left > 0) return false;
    hit_call = name;
    errno = error_of_it;
    return true;
}

}  // namespace scram::testing
