// When one attempt passed each stage of its way; Time{} where it did not pass, or nobody looked.
#pragma once

#include "core/time.h"

namespace scram {

struct Stages {
    Time published{};  // its source wrote the signal
    Time read{};       // scramd had the signal
    Time decided{};    // the engine had said fire
    Time sent{};       // send() had returned
    Time answered{};   // the answer's last byte had been read
};

// A source's own stamp, where it can be true; a hostile one could be any number.
inline Time believable(Time published, Time read) {
    return published > read || published < read - 1h ? Time{} : published;
}

}  // namespace scram
