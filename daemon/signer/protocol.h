// What the network process and the signer say to each other: fixed-size records, a message of a
// SOCK_SEQPACKET socket each or several at a time; told apart by their size. Both ends are one
// program, so that layout and byte order are its own. A request names what is to be signed and
// never brings the bytes: these the signer makes itself, so that whoever rules the network process
// gets nothing else signed.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/okx/request.h"

namespace scram {

struct SignRequest {
    std::uint64_t number;    // the asker's; comes back with the answer
    std::int64_t timestamp;  // ms since 1970 on the exchange's clock
    std::uint64_t after;     // of a page of orders, the order before it; of others 0
    std::int32_t lock_ms;    // of a mass-cancel, 0 to lock_max; of others 0
    std::uint32_t at;        // the asker's, too
    std::uint16_t account;   // AccountId
    std::uint16_t family;    // FamilyId of that account; no_id where the request names none
    std::uint8_t timeout_s;  // of cancel_all_after; of others 0
    std::uint8_t what;       // PrivateRequest
    std::uint8_t unused[2];  // 0
};

// A cancel_orders brings its orders, in a message of its own: no other has its size.
struct SignOrder {
    char inst_id[instrument_name_max];  // ends before the first NUL, if there is one
    std::uint64_t ord_id;
};
struct SignOrders {
    SignRequest request;
    std::uint32_t count;  // 1..cancel_orders_max
    std::uint8_t unused[4];
    SignOrder orders[cancel_orders_max];
};

enum class SignVerdict : std::uint8_t {
    is_signed,
    malformed,        // the message is no list of requests; the answer has number 0
    unknown_request,  // not a PrivateRequest
    unknown_account,
    unknown_family,  // not configured for that account
    wrong_lock,
    wrong_argument,  // a page, a timeout or orders that this request cannot have
    not_enabled,     // the account has no dead man's switch, or the family no cancel_rest
    wrong_time,      // not around the moment that the signer was asked for last
    too_often,
    failed,  // OpenSSL gave nothing
};
const char* name(SignVerdict verdict);

struct SignAnswer {
    std::uint64_t number;
    std::int64_t timestamp;
    SignatureText signature;
    std::uint32_t at;
    SignVerdict verdict;
    std::uint8_t what;  // the request's
    std::uint8_t unused[6];
};

// A signer says this first. The keeper starts another where one died.
struct SignerHello {
    std::int32_t pid;
    bool calls_confined;  // the kernel took the filter of system calls
    bool memory_locked;
    std::uint8_t unused[2];
};

static_assert(std::is_trivially_copyable_v<SignRequest> && sizeof(SignRequest) == 40);
static_assert(std::is_trivially_copyable_v<SignOrders> && sizeof(SignOrders) == 1008);
static_assert(sizeof(SignOrders) % sizeof(SignRequest) != 0);
static_assert(std::is_trivially_copyable_v<SignAnswer> && sizeof(SignAnswer) == 72);
static_assert(sizeof(SignerHello) == 8);  // so that no other message has its size

inline constexpr std::size_t requests_per_message_max = 64;
inline constexpr std::size_t answers_bytes_max = requests_per_message_max * sizeof(SignAnswer);

}  // namespace scram
