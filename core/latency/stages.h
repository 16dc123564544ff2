// When one request passed each stage of its way; Time{} where it did not pass, or nobody looked.
#pragma once

#include "core/base/time.h"

namespace scram {

struct Stages {
    Time published{};  // its source wrote the signal
    Time read{};       // scramd had the signal
    Time decided{};    // the engine had said fire
    Time sent{};       // send() had returned
    Time answered{};   // the answer's last byte had been read
    Time wire{};       // the kernel's TX stamp, which may be older than `sent`
};

// A source's own stamp, where it can be true; a hostile one could be any number.
inline Time believable(Time published, Time read) {
    return published > read || published < read - 1h ? Time{} : published;
}

// The kernel stamps by the wall clock, and a step of that between stamp and reading falsifies it.
inline Time believable_wire(Time wire, const Stages& stages) {
    const bool too_late = stages.answered != Time{} && wire > stages.answered;
    return wire < stages.decided || too_late ? Time{} : wire;
}

}  // namespace scram
