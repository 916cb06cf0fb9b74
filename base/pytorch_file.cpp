#include "base/pytorch_file.hpp"

#include "base/error.hpp"
#include "base/pickle.hpp"
#include "base/printable.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <set>

namespace spikeloom {

namespace {

using PickleNode = Pickle::Node;
using PickleKind = Pickle::Kind;

/// Descriptions above this size are refused unread; that of a model of 1000 tensors has 0.2 MB.
constexpr std::uint64_t kLargestPickle = 16ULL << 20;
/// Dicts in dicts are looked through for tensors this deep.
constexpr int kDeepest = 3;
constexpr std::size_t kLongestName = 256;
constexpr std::size_t kMostDimensions = 8;

constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";

struct StorageType {
    std::string_view global;
    DType dtype;
};
constexpr StorageType kStorageTypes[] = {
    {"torch.FloatStorage", DType::f32},     {"torch.HalfStorage", DType::f16},
    {"torch.BFloat16Storage", DType::bf16}, {"torch.DoubleStorage", DType::f64},
    {"torch.LongStorage", DType::i64},      {"torch.IntStorage", DType::i32},
    {"torch.ShortStorage", DType::i16},     {"torch.CharStorage", DType::i8},
    {"torch.ByteStorage", DType::u8},       {"torch.BoolStorage", DType::boolean},
};

std::set<std::string, std::less<>> allowed_globals() {
    std::set<std::string, std::less<>> names{std::string(kOrderedDict), std::string(kRebuildTensor),
                                             std::string(kRebuildParameter), "torch.Size"};
    for (const StorageType& type : kStorageTypes) {
        names.emplace(type.global);
    }
    return names;
}

/// Whether a key can stand in a message and in a path.
bool is_name(std::string_view text) {
    return text.size() <= kLongestName &&
           std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; });
}

/// Reads tensors out of the pickle's tree.
class TensorReader {
  public:
    explicit TensorReader(const std::string& origin) : origin_(origin) {}

    /// A tensor, or nothing where the node is something else.
    std::optional<StoredTensor> tensor(const PickleNode& node, const std::string& name) const {
        if (calls(node, kRebuildParameter)) {
            const PickleNode& arguments = *node.items[1];
            require(!arguments.items.empty() && calls(*arguments.items[0], kRebuildTensor), name,
                    "is a parameter made of no tensor");
            return tensor(*arguments.items[0], name);
        }
        if (!calls(node, kRebuildTensor)) {
            return std::nullopt;
        }
        // storage, offset, size, strides, requires_grad, hooks
        const std::vector<const PickleNode*>& arguments = node.items[1]->items;
        require(arguments.size() >= 4, name, "is described by too few values");
        StoredTensor result;
        read_storage(*arguments[0], name, result);
        result.offset = count(*arguments[1], name, "offset");
        result.shape = counts(*arguments[2], name, "shape");
        result.strides = counts(*arguments[3], name, "strides");
        check_extent(result, name);
        return result;
    }

  private:
    void require(bool holds, const std::string& name, const std::string& reason) const {
        if (!holds) {
            throw InputError(origin_ + ": tensor '" + name + "': " + reason);
        }
    }

    static bool calls(const PickleNode& node, std::string_view global) {
        return node.kind == PickleKind::call && node.items[0]->text == global;
    }

    std::size_t count(const PickleNode& node, const std::string& name, const char* what) const {
        require(node.kind == PickleKind::integer && node.integer >= 0, name,
                std::string(what) + " is " + shown(node) + "; a whole number is needed");
        return static_cast<std::size_t>(node.integer);
    }

    std::vector<std::size_t> counts(const PickleNode& given, const std::string& name,
                                    const char* what) const {
        const PickleNode* node = &given;
        if (calls(given, "torch.Size") && given.items[1]->items.size() == 1) {
            node = given.items[1]->items[0];
        }
        require(node->kind == PickleKind::tuple, name,
                std::string(what) + " is " + shown(*node) + "; a tuple is needed");
        std::vector<std::size_t> values;
        for (const PickleNode* item : node->items) {
            values.push_back(count(*item, name, what));
        }
        return values;
    }

    /// ('storage', type, key, device, elements)
    void read_storage(const PickleNode& node, const std::string& name, StoredTensor& result) const {
        const bool well_formed =
            node.kind == PickleKind::persistent && node.items[0]->kind == PickleKind::tuple &&
            node.items[0]->items.size() == 5 && node.items[0]->items[0]->text == "storage" &&
            node.items[0]->items[1]->kind == PickleKind::global &&
            node.items[0]->items[2]->kind == PickleKind::text &&
            is_name(node.items[0]->items[2]->text);
        require(well_formed, name, "its storage is not described as PyTorch does");
        const std::vector<const PickleNode*>& parts = node.items[0]->items;
        const auto* const type =
            std::find_if(std::begin(kStorageTypes), std::end(kStorageTypes),
                         [&](const StorageType& each) { return each.global == parts[1]->text; });
        require(type != std::end(kStorageTypes), name, "its storage's type is no storage");
        result.dtype = type->dtype;
        result.storage = parts[2]->text;
        result.storage_elements = count(*parts[4], name, "storage's size");
    }

    void check_extent(const StoredTensor& tensor, const std::string& name) const {
        require(
            tensor.shape.size() == tensor.strides.size() && tensor.shape.size() <= kMostDimensions,
            name,
            "has " + std::to_string(tensor.shape.size()) + " dimensions and " +
                std::to_string(tensor.strides.size()) + " strides; at most " +
                std::to_string(kMostDimensions) + " of each are read");
        const std::size_t most = tensor.storage_elements;
        const std::string storage =
            "the " + std::to_string(most) + " of its storage '" + tensor.storage + "'";
        if (std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end()) {
            return;
        }
        // An expanded tensor repeats elements: a small file could ask for any amount of memory.
        std::size_t elements = 1;
        for (const std::size_t extent : tensor.shape) {
            require(extent <= most / elements, name, "has more elements than " + storage);
            elements *= extent;
        }
        bool inside = tensor.offset < most;
        std::size_t last = tensor.offset;
        for (std::size_t i = 0; i < tensor.shape.size() && inside; ++i) {
            const std::size_t steps = tensor.shape[i] - 1;
            inside = steps == 0 || tensor.strides[i] <= (most - 1 - last) / steps;
            last += inside ? steps * tensor.strides[i] : 0;
        }
        require(inside, name, "reaches beyond " + storage);
    }

    const std::string& origin_;
};

/// The state dicts at and below a node.
class StateDictFinder {
  public:
    explicit StateDictFinder(const std::string& origin) : origin_(origin), reader_(origin) {}

    void collect(const PickleNode& node, const std::string& path, int depth) {
        const bool dict = node.kind == PickleKind::dict ||
                          (node.kind == PickleKind::call && node.items[0]->text == kOrderedDict);
        // A container may hold itself; each is looked through where it is met first.
        if (!dict || !seen_.insert(&node).second) {
            return;
        }
        for (const auto& [key, value] : node.entries) {
            if (key->kind != PickleKind::text) {
                continue;
            }
            const bool named = is_name(key->text);
            const std::string name = named ? key->text : printable(key->text);
            const std::string below = path.empty() ? name : path + "/" + name;
            if (std::optional<StoredTensor> tensor = reader_.tensor(*value, below)) {
                if (!named || !found[path].emplace(name, *std::move(tensor)).second) {
                    throw InputError(origin_ + ": tensor '" + below +
                                     "': " + (named ? "is there twice" : "has no printable name"));
                }
            } else if (named && depth < kDeepest) {
                collect(*value, below, depth + 1);
            }
        }
    }

    std::map<std::string, PytorchFile::StateDict> found;

  private:
    const std::string& origin_;
    TensorReader reader_;
    std::set<const PickleNode*> seen_;
};

std::string data_folder(const ZipArchive& archive) {
    constexpr std::string_view kName = "data.pkl";
    std::optional<std::string> folder;
    for (const auto& [name, entry] : archive.entries()) {
        if (name == kName || name.ends_with("/data.pkl")) {
            if (folder) {
                throw InputError(archive.origin() + ": holds two files data.pkl");
            }
            folder = name.substr(0, name.size() - kName.size());
        }
    }
    if (!folder) {
        throw InputError(archive.origin() +
                         ": a zip without data.pkl; torch.save writes one since PyTorch 1.6");
    }
    return *folder;
}

/// IEEE 754 half precision. The exponent is rebiased by a multiplication, which is exact and
/// normalises subnormal numbers on the way.
float from_half(std::uint16_t half) {
    const auto magnitude = static_cast<std::uint32_t>(half & 0x7fffU) << 13;
    const auto sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
    constexpr std::uint32_t kInfinity = 0x7c00U;
    const bool finite = (half & kInfinity) != kInfinity;
    const std::uint32_t bits =
        finite ? std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112F)
               : magnitude | 0x7f80'0000U;
    return std::bit_cast<float>(bits | sign);
}

float from_bfloat(std::uint16_t upper_half) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(upper_half) << 16);
}

/// Element `index` of a storage as a number.
float stored_element(const std::string& bytes, DType dtype, std::size_t index) {
    if (dtype == DType::f32) {
        float value = 0.0F;
        std::memcpy(&value, bytes.data() + 4 * index, 4);
        return value;
    }
    std::uint16_t value = 0;
    std::memcpy(&value, bytes.data() + 2 * index, 2);
    return dtype == DType::f16 ? from_half(value) : from_bfloat(value);
}

}  // namespace

std::size_t StoredTensor::elements() const {
    std::size_t product = 1;
    for (const std::size_t extent : shape) {
        product *= extent;
    }
    return product;
}

PytorchFile::PytorchFile(ZipArchive archive)
    : archive_(std::move(archive)), folder_(data_folder(archive_)) {
    const std::string description = folder_ + "data.pkl";
    if (const std::uint64_t bytes = archive_.entries().at(description).bytes;
        bytes > kLargestPickle) {
        throw InputError(origin() + ": data.pkl has " + std::to_string(bytes) + " bytes; at most " +
                         std::to_string(kLargestPickle) + " are read");
    }
    if (archive_.entries().count(folder_ + "byteorder") != 0 &&
        archive_.read(folder_ + "byteorder") != "little") {
        throw InputError(origin() + ": its byte order is not little-endian");
    }
    const std::string pickle = archive_.read(description);
    state_dicts_ = describe(std::as_bytes(std::span(pickle)), origin());
}

PytorchFile PytorchFile::open(const std::filesystem::path& path) {
    return PytorchFile(ZipArchive::open(path));
}

PytorchFile PytorchFile::from_bytes(std::span<const std::byte> bytes, const std::string& origin) {
    return PytorchFile(ZipArchive::from_bytes(bytes, origin));
}

std::map<std::string, PytorchFile::StateDict> PytorchFile::describe(
    std::span<const std::byte> pickle, const std::string& origin) {
    const Pickle parsed(pickle, allowed_globals(), origin + ": data.pkl");
    StateDictFinder finder(origin);
    finder.collect(parsed.root(), "", 0);
    return std::move(finder.found);
}

std::vector<float> PytorchFile::floats(const StoredTensor& tensor, const std::string& name) {
    const auto reject = [&](const std::string& reason) {
        throw InputError(origin() + ": tensor '" + name + "': " + reason);
    };
    if (tensor.dtype != DType::f32 && tensor.dtype != DType::f16 && tensor.dtype != DType::bf16) {
        reject(std::string("has type ") + name_of(tensor.dtype) +
               "; float32, float16 and bfloat16 are read");
    }
    if (!holds_ || held_key_ != tensor.storage) {
        held_bytes_ = archive_.read(folder_ + "data/" + tensor.storage);
        held_key_ = tensor.storage;
        holds_ = true;
    }
    // In this order the product cannot wrap: the storage's elements are bounded by bytes that
    // exist.
    if (held_bytes_.size() / size_of(tensor.dtype) != tensor.storage_elements ||
        held_bytes_.size() % size_of(tensor.dtype) != 0) {
        reject("its storage '" + tensor.storage + "' has " + std::to_string(held_bytes_.size()) +
               " bytes, which are not " + std::to_string(tensor.storage_elements) + " of type " +
               name_of(tensor.dtype));
    }
    const std::size_t count = tensor.elements();
    std::vector<float> values(count);
    std::vector<std::size_t> index(tensor.shape.size(), 0);
    std::size_t place = tensor.offset;
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = stored_element(held_bytes_, tensor.dtype, place);
        // The next index in row-major order, and its place.
        for (std::size_t axis = index.size(); axis-- > 0;) {
            place += tensor.strides[axis];
            if (++index[axis] < tensor.shape[axis]) {
                break;
            }
            place -= tensor.strides[axis] * tensor.shape[axis];
            index[axis] = 0;
        }
    }
    return values;
}

}  // namespace spikeloom
