// The two ways in which spikeloom gives up, each with its exit code (docs/interface.md).
#pragma once

#include <stdexcept>
#include <string>

namespace spikeloom {

/// Bad usage or bad input: one line that names the file, the line or key, what was found and what
/// is allowed. The command line prints it and exits with 2.
class InputError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// It ran, and what was asked does not hold: a mismatch, a stalled chip. Exit code 1.
class CheckFailed : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace spikeloom
