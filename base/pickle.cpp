#include "base/pickle.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"

#include <bit>
#include <cstring>
#include <unordered_map>

namespace spikeloom {

/// What the reader understands, by the names of pickletools.
namespace opcode {

enum Opcode : std::uint8_t {
    kMark = '(',
    kStop = '.',
    kPop = '0',
    kPopMark = '1',
    kBinBytes = 'B',
    kShortBinBytes = 'C',
    kBinFloat = 'G',
    kBinInt = 'J',
    kBinInt1 = 'K',
    kBinInt2 = 'M',
    kNone = 'N',
    kBinPersId = 'Q',
    kReduce = 'R',
    kBinUnicode = 'X',
    kEmptyList = ']',
    kAppend = 'a',
    kBuild = 'b',
    kGlobal = 'c',
    kAppends = 'e',
    kBinGet = 'h',
    kLongBinGet = 'j',
    kBinPut = 'q',
    kLongBinPut = 'r',
    kSetItem = 's',
    kTuple = 't',
    kSetItems = 'u',
    kEmptyDict = '}',
    kEmptyTuple = ')',
    kProto = 0x80,
    kTuple1 = 0x85,
    kTuple2 = 0x86,
    kTuple3 = 0x87,
    kNewTrue = 0x88,
    kNewFalse = 0x89,
    kLong1 = 0x8a,
    kShortBinUnicode = 0x8c,
    kBinUnicode8 = 0x8d,
    kStackGlobal = 0x93,
    kMemoize = 0x94,
    kFrame = 0x95,
};

}  // namespace opcode

namespace {

struct OpcodeName {
    std::uint8_t code;
    const char* name;
};
/// What runs code or makes objects in ways that a container never needs, for the error's sake.
constexpr OpcodeName kRefusedOpcodes[] = {
    {0x81, "NEWOBJ"}, {0x92, "NEWOBJ_EX"}, {'i', "INST"},  {'o', "OBJ"},
    {0x82, "EXT1"},   {0x83, "EXT2"},      {0x84, "EXT4"}, {'P', "PERSID"},
};

constexpr int kNewestPickle = 5;

}  // namespace

class Pickle::Reader {
  public:
    Reader(Pickle& pickle, std::span<const std::byte> bytes,
           const std::set<std::string, std::less<>>& allowed, const std::string& origin)
        : pickle_(pickle), bytes_(bytes), allowed_(allowed), origin_(origin) {}

    const Node* run() {
        while (true) {
            opcode_at_ = at_;
            const std::uint8_t code = byte();
            if (code == opcode::kStop) {
                const Node* const root = pop();
                if (!stack_.empty() || at_ != bytes_.size()) {
                    refuse("values or bytes are left over behind the pickle's end");
                }
                return root;
            }
            step(code);
        }
    }

  private:
    [[noreturn]] void refuse(const std::string& reason) const {
        throw InputError(origin_ + ": byte " + std::to_string(opcode_at_) + ": " + reason);
    }

    void step(std::uint8_t code) {
        switch (code) {
            case opcode::kProto:
                if (const int protocol = byte(); protocol > kNewestPickle) {
                    refuse("pickle protocol " + std::to_string(protocol) + "; 0 to 5 are read");
                }
                break;
            case opcode::kFrame:
                number(8);
                break;
            case opcode::kMark:
                marks_.push_back(stack_.size());
                break;
            case opcode::kPop:
                pop();
                break;
            case opcode::kPopMark:
                cut_to_mark();
                break;
            case opcode::kNone:
                push(Kind::none);
                break;
            case opcode::kNewTrue:
                push(Kind::boolean).integer = 1;
                break;
            case opcode::kNewFalse:
                push(Kind::boolean);
                break;
            case opcode::kBinInt:
                push_integer(static_cast<std::int32_t>(number(4)));
                break;
            case opcode::kBinInt1:
                push_integer(static_cast<std::int64_t>(number(1)));
                break;
            case opcode::kBinInt2:
                push_integer(static_cast<std::int64_t>(number(2)));
                break;
            case opcode::kLong1:
                push_integer(long_integer());
                break;
            case opcode::kBinFloat:
                push(Kind::real).real = big_endian_double();
                break;
            case opcode::kShortBinUnicode:
                push(Kind::text).text = string(number(1));
                break;
            case opcode::kBinUnicode:
                push(Kind::text).text = string(number(4));
                break;
            case opcode::kBinUnicode8:
                push(Kind::text).text = string(number(8));
                break;
            case opcode::kShortBinBytes:
                push(Kind::bytes).text = string(number(1));
                break;
            case opcode::kBinBytes:
                push(Kind::bytes).text = string(number(4));
                break;
            case opcode::kGlobal:
                global();
                break;
            case opcode::kStackGlobal:
                stack_global();
                break;
            case opcode::kBinPut:
                memo_[number(1)] = top();
                break;
            case opcode::kLongBinPut:
                memo_[number(4)] = top();
                break;
            case opcode::kMemoize:
                memo_[memo_.size()] = top();
                break;
            case opcode::kBinGet:
                recall(number(1));
                break;
            case opcode::kLongBinGet:
                recall(number(4));
                break;
            default:
                step_container(code);
        }
    }

    void step_container(std::uint8_t code) {
        switch (code) {
            case opcode::kEmptyTuple:
                push(Kind::tuple);
                break;
            case opcode::kTuple:
                push_tuple(cut_to_mark());
                break;
            case opcode::kTuple1:
                push_tuple(cut(1));
                break;
            case opcode::kTuple2:
                push_tuple(cut(2));
                break;
            case opcode::kTuple3:
                push_tuple(cut(3));
                break;
            case opcode::kEmptyList:
                push(Kind::list);
                break;
            case opcode::kAppend:
                append(cut(1));
                break;
            case opcode::kAppends:
                append(cut_to_mark());
                break;
            case opcode::kEmptyDict:
                push(Kind::dict);
                break;
            case opcode::kSetItem:
                set_items(cut(2));
                break;
            case opcode::kSetItems:
                set_items(cut_to_mark());
                break;
            case opcode::kReduce:
                call(cut(2));
                break;
            case opcode::kBuild:
                // The attributes of an object, such as the `_metadata` of a state dict: not wanted.
                pop();
                if (top()->kind != Kind::call) {
                    refuse("BUILD sets attributes of " + shown(*top()));
                }
                break;
            case opcode::kBinPersId: {
                const Node* const name = pop();
                push(Kind::persistent).items = {name};
                break;
            }
            default:
                refuse_opcode(code);
        }
    }

    [[noreturn]] void refuse_opcode(std::uint8_t code) const {
        std::string name;
        for (const OpcodeName& known : kRefusedOpcodes) {
            if (known.code == code) {
                name = std::string(" (") + known.name + ")";
            }
        }
        refuse("opcode " + std::to_string(code) + name +
               " is not allowed; a pickle may only hold containers, numbers and text");
    }

    // --- the stream
    std::uint8_t byte() {
        if (at_ == bytes_.size()) {
            refuse("the pickle is cut short");
        }
        return static_cast<std::uint8_t>(bytes_[at_++]);
    }
    std::uint64_t number(int size) {  // little-endian
        std::uint64_t value = 0;
        for (int i = 0; i < size; ++i) {
            value |= std::uint64_t{byte()} << (8 * i);
        }
        return value;
    }
    std::int64_t long_integer() {
        const auto size = static_cast<int>(number(1));
        if (size > 8) {
            refuse("an integer of " + std::to_string(size) + " bytes; at most 8 are read");
        }
        const std::uint64_t value = number(size);
        const int spare = 64 - 8 * size;
        return size == 0 ? 0 : static_cast<std::int64_t>(value << spare) >> spare;
    }
    double big_endian_double() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) {
            value = value << 8 | byte();
        }
        return std::bit_cast<double>(value);
    }
    std::string string(std::uint64_t size) {
        if (size > bytes_.size() - at_) {
            refuse("the pickle is cut short");
        }
        std::string text(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
        at_ += size;
        return text;
    }
    std::string line() {
        std::string text;
        for (char c = static_cast<char>(byte()); c != '\n'; c = static_cast<char>(byte())) {
            text += c;
        }
        return text;
    }

    // --- the stack
    Node& push(Kind kind) {
        Node& node = pickle_.nodes_.emplace_back();
        node.kind = kind;
        stack_.push_back(&node);
        return node;
    }
    void push_integer(std::int64_t value) { push(Kind::integer).integer = value; }
    void push_tuple(std::vector<const Node*> items) { push(Kind::tuple).items = std::move(items); }

    std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
    Node* top() const {
        if (stack_.size() <= floor()) {
            refuse("the pickle takes a value that is not there");
        }
        return stack_.back();
    }
    Node* pop() {
        Node* const node = top();
        stack_.pop_back();
        return node;
    }
    /// The last `count` values, taken off.
    std::vector<const Node*> cut(std::size_t count) {
        if (stack_.size() - floor() < count) {
            refuse("the pickle takes a value that is not there");
        }
        const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
        std::vector<const Node*> values(first, stack_.end());
        stack_.erase(first, stack_.end());
        return values;
    }
    std::vector<const Node*> cut_to_mark() {
        if (marks_.empty()) {
            refuse("the pickle takes a mark that is not there");
        }
        std::vector<const Node*> values = cut(stack_.size() - marks_.back());
        marks_.pop_back();
        return values;
    }

    // --- what the opcodes make
    void append(const std::vector<const Node*>& values) {
        Node* const list = top();
        if (list->kind != Kind::list) {
            refuse("APPEND to " + shown(*list));
        }
        list->items.insert(list->items.end(), values.begin(), values.end());
    }
    void set_items(const std::vector<const Node*>& values) {
        Node* const dict = top();
        if ((dict->kind != Kind::dict && dict->kind != Kind::call) || values.size() % 2 != 0) {
            refuse("SETITEM into " + shown(*dict));
        }
        for (std::size_t i = 0; i < values.size(); i += 2) {
            dict->entries.emplace_back(values[i], values[i + 1]);
        }
    }
    void call(std::vector<const Node*> values) {
        if (values[0]->kind != Kind::global || values[1]->kind != Kind::tuple) {
            refuse("REDUCE calls " + shown(*values[0]));
        }
        push(Kind::call).items = std::move(values);
    }
    void push_global(const std::string& module, const std::string& name) {
        const std::string global = module + "." + name;
        if (allowed_.count(global) == 0) {
            std::string list;
            for (const std::string& each : allowed_) {
                list += (list.empty() ? "" : ", ") + each;
            }
            refuse("global '" + printable(global) + "' is not allowed; allowed are " + list);
        }
        push(Kind::global).text = global;
    }
    void global() {
        const std::string module = line();
        push_global(module, line());
    }
    void stack_global() {
        const std::vector<const Node*> names = cut(2);
        if (names[0]->kind != Kind::text || names[1]->kind != Kind::text) {
            refuse("a global is named by " + shown(*names[0]));
        }
        push_global(names[0]->text, names[1]->text);
    }
    void recall(std::uint64_t key) {
        const auto found = memo_.find(key);
        if (found == memo_.end()) {
            refuse("the pickle refers to value " + std::to_string(key) + ", which is not there");
        }
        stack_.push_back(found->second);
    }

    Pickle& pickle_;
    std::span<const std::byte> bytes_;
    const std::set<std::string, std::less<>>& allowed_;
    const std::string& origin_;
    std::size_t at_ = 0;
    std::size_t opcode_at_ = 0;
    std::vector<Node*> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint64_t, Node*> memo_;
};

Pickle::Pickle(std::span<const std::byte> bytes, const std::set<std::string, std::less<>>& allowed,
               const std::string& origin) {
    root_ = Reader(*this, bytes, allowed, origin).run();
}

std::string shown(const Pickle::Node& node) {
    using Kind = Pickle::Kind;
    const auto quoted = [&] { return "'" + printable(node.text) + "'"; };
    switch (node.kind) {
        case Kind::none:
            return "None";
        case Kind::boolean:
            return node.integer != 0 ? "True" : "False";
        case Kind::integer:
            return std::to_string(node.integer);
        case Kind::real:
            return std::to_string(node.real);
        case Kind::text:
            return "text " + quoted();
        case Kind::bytes:
            return "bytes";
        case Kind::tuple:
            return "a tuple";
        case Kind::list:
            return "a list";
        case Kind::dict:
            return "a dict";
        case Kind::global:
            return "global " + quoted();
        case Kind::call:
            return "what " + shown(*node.items.front()) + " makes";
        case Kind::persistent:
            return "a persistent id";
    }
    return "";
}

}  // namespace spikeloom
