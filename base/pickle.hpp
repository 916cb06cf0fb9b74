// Python's pickle format, read as a tree of values. Nothing is ever run: a call in the stream
// becomes a node that says what would have been called, with what, and the reader's user decides
// what it means. (Python's "pickletools" describes the opcodes; protocols 0 to 5 are read as far as
// containers, numbers, text and calls of allowed globals go.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spikeloom {

class Pickle {
  public:
    enum class Kind {
        none,
        boolean,
        integer,
        real,
        text,
        bytes,
        tuple,
        list,
        dict,
        global,      ///< a name of a module: `text` is "module.name"
        call,        ///< items: the global called, the tuple of its arguments
        persistent,  ///< items: what names an object that lies outside the pickle
    };
    struct Node {
        Kind kind = Kind::none;
        std::int64_t integer = 0;  ///< also of boolean
        double real = 0.0;
        std::string text;                ///< also of bytes and global
        std::vector<const Node*> items;  ///< of tuple, list, call, persistent
        std::vector<std::pair<const Node*, const Node*>> entries;  ///< of dict, and set into a call
    };

    /// Throws InputError, beginning with `origin`, for a damaged stream, for an opcode that is not
    /// understood and for a global that is not in `allowed` ("os.system"), before anything refers
    /// to it. A container may hold itself, as in Python: do not walk the tree without a bound.
    Pickle(std::span<const std::byte> bytes, const std::set<std::string, std::less<>>& allowed,
           const std::string& origin);

    const Node& root() const { return *root_; }

  private:
    class Reader;
    std::deque<Node> nodes_;  // addresses stay
    const Node* root_ = nullptr;
};

/// "text 'abc'", "a list": how errors call a value.
std::string shown(const Pickle::Node& node);

}  // namespace spikeloom
