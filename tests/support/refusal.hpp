// What a reader of outside data says of bad input.
#pragma once

#include "base/error.hpp"

#include <string>

namespace spikeloom::tests {

/// The one line with which `read()` refuses its input, or "accepted".
template <class Read>
std::string refusal_of(Read&& read) {
    try {
        read();
    } catch (const InputError& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace spikeloom::tests
