// How long OpenSSL lives in a process with threads that nobody waits for.
#pragma once

#include <openssl/crypto.h>

namespace scram {

// As long as the process: a thread that reads authorities or looks a name up may be inside it when
// main() ends, and OpenSSL would free what it uses. To be called before anything else of OpenSSL.
inline void keep_openssl() {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
}

}  // namespace scram
