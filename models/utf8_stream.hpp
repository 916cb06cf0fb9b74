// Text that arrives in pieces which may end inside a character, for a reader who needs whole ones.
#pragma once

#include <string>
#include <string_view>

namespace spikeloom::models {

class Utf8Stream {
  public:
    /// Takes the next bytes and returns what can be shown now: whole characters, and U+FFFD for
    /// each byte that can belong to none. What may still become a character is kept back.
    std::string take(std::string_view bytes);

    /// What is left at the end.
    std::string finish();

  private:
    std::string show(bool to_the_end);

    std::string kept_;
};

}  // namespace spikeloom::models
