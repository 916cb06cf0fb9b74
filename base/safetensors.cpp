#include "base/safetensors.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

namespace spikeloom {

namespace {

struct DTypeRow {
    DType dtype;
    const char* name;
    std::size_t size;
};

constexpr DTypeRow kDTypes[] = {
    {DType::boolean, "BOOL", 1}, {DType::u8, "U8", 1},   {DType::i8, "I8", 1},
    {DType::u16, "U16", 2},      {DType::i16, "I16", 2}, {DType::f16, "F16", 2},
    {DType::bf16, "BF16", 2},    {DType::u32, "U32", 4}, {DType::i32, "I32", 4},
    {DType::f32, "F32", 4},      {DType::u64, "U64", 8}, {DType::i64, "I64", 8},
    {DType::f64, "F64", 8},
};

constexpr std::size_t kLengthBytes = 8;
// The reference implementation refuses headers above 100 MB.
constexpr std::uint64_t kLargestHeader = 100'000'000;

std::string shown_shape(const std::vector<std::size_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    }
    return text + "]";
}

[[noreturn]] void refuse(const std::string& origin, const std::string& tensor,
                         const std::string& message) {
    throw InputError(origin + ": " + (tensor.empty() ? "" : "tensor '" + tensor + "': ") + message);
}

Safetensors::Tensor parse_tensor(const nlohmann::json& entry, const std::string& name,
                                 std::span<const std::byte> data, const std::string& origin,
                                 std::pair<std::uint64_t, std::uint64_t>& range) {
    if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") ||
        !entry.contains("shape") || !entry.contains("data_offsets")) {
        refuse(origin, name, "expected exactly the keys dtype, shape and data_offsets");
    }
    const nlohmann::json& dtype_name = entry["dtype"];
    const auto* const row =
        std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const DTypeRow& candidate) {
            return dtype_name.is_string() &&
                   dtype_name.get_ref<const std::string&>() == candidate.name;
        });
    if (row == std::end(kDTypes)) {
        refuse(origin, name,
               "dtype " +
                   dtype_name.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
                   "; allowed are BOOL, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64");
    }
    Safetensors::Tensor tensor;
    tensor.dtype = row->dtype;
    std::uint64_t elements = 1;
    if (!entry["shape"].is_array()) {
        refuse(origin, name, "shape is no list");
    }
    for (const nlohmann::json& extent : entry["shape"]) {
        if (!extent.is_number_unsigned()) {
            refuse(origin, name, "shape holds something else than whole numbers");
        }
        const auto value = extent.get<std::uint64_t>();
        if (value != 0 &&
            elements > std::numeric_limits<std::uint64_t>::max() / value / row->size) {
            refuse(origin, name, "shape is larger than any memory");
        }
        elements *= value;
        tensor.shape.push_back(value);
    }
    const nlohmann::json& offsets = entry["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
        refuse(origin, name, "data_offsets is not two whole numbers");
    }
    range = {offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()};
    if (range.first > range.second || range.second > data.size()) {
        refuse(origin, name,
               "data_offsets [" + std::to_string(range.first) + ", " +
                   std::to_string(range.second) + "] do not lie in the file's " +
                   std::to_string(data.size()) + " bytes of data");
    }
    if (range.second - range.first != elements * row->size) {
        refuse(origin, name,
               "data_offsets hold " + std::to_string(range.second - range.first) +
                   " bytes, shape " + shown_shape(tensor.shape) + " of " + row->name + " needs " +
                   std::to_string(elements * row->size));
    }
    const auto bytes = data.subspan(range.first, range.second - range.first);
    tensor.bytes.assign(bytes.begin(), bytes.end());
    return tensor;
}

}  // namespace

std::size_t size_of(DType dtype) {
    return kDTypes[static_cast<std::size_t>(dtype)].size;
}

const char* name_of(DType dtype) {
    return kDTypes[static_cast<std::size_t>(dtype)].name;
}

std::size_t Safetensors::Tensor::elements() const {
    std::size_t product = 1;
    for (const std::size_t extent : shape) {
        product *= extent;
    }
    return product;
}

Safetensors Safetensors::read(const std::filesystem::path& path) {
    const std::string bytes = read_file(path);
    return parse(std::as_bytes(std::span(bytes)), path.string());
}

Safetensors Safetensors::parse(std::span<const std::byte> bytes, const std::string& origin) {
    if (bytes.size() < kLengthBytes) {
        refuse(origin, "",
               "cut short: " + std::to_string(bytes.size()) +
                   " bytes, a safetensors file has at least 8");
    }
    std::uint64_t header_length = 0;
    std::memcpy(&header_length, bytes.data(), kLengthBytes);
    if (header_length > kLargestHeader || header_length > bytes.size() - kLengthBytes) {
        refuse(origin, "",
               "cut short or no safetensors file: a header of " + std::to_string(header_length) +
                   " bytes, the file has " + std::to_string(bytes.size()));
    }
    const std::string_view header_text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes,
                                       header_length);
    const auto data = bytes.subspan(kLengthBytes + header_length);
    const nlohmann::json header = parse_json(header_text, origin + ": header");
    if (!header.is_object()) {
        refuse(origin, "", "the header is no JSON object");
    }

    Safetensors file;
    file.origin = origin;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") {
            if (!entry.is_object()) {
                refuse(origin, "", "__metadata__ is no JSON object");
            }
            for (const auto& [key, value] : entry.items()) {
                if (!value.is_string()) {
                    refuse(origin, "", "__metadata__." + key + " is no text");
                }
                file.metadata[key] = value.get<std::string>();
            }
            continue;
        }
        ranges.emplace_back();
        file.tensors[name] = parse_tensor(entry, name, data, origin, ranges.back());
    }
    std::sort(ranges.begin(), ranges.end());
    std::uint64_t end = 0;
    for (const auto& range : ranges) {
        if (range.first != end) {
            refuse(origin, "",
                   "the tensors overlap or leave holes at byte " + std::to_string(end) +
                       " of the data");
        }
        end = range.second;
    }
    if (end != data.size()) {
        refuse(origin, "", std::to_string(data.size() - end) + " bytes behind the last tensor");
    }
    return file;
}

std::string Safetensors::serialise() const {
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) {
        header["__metadata__"] = metadata;
    }
    std::uint64_t offset = 0;
    for (const auto& [name, tensor] : tensors) {
        header[name] = {{"dtype", name_of(tensor.dtype)},
                        {"shape", tensor.shape},
                        {"data_offsets", {offset, offset + tensor.bytes.size()}}};
        offset += tensor.bytes.size();
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data is aligned
    std::uint64_t length = text.size();
    std::string bytes(kLengthBytes, '\0');
    std::memcpy(bytes.data(), &length, kLengthBytes);
    bytes += text;
    bytes.reserve(bytes.size() + offset);
    for (const auto& [name, tensor] : tensors) {
        bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    }
    return bytes;
}

void Safetensors::write(const std::filesystem::path& path) const {
    write_file(path, serialise());
}

const Safetensors::Tensor& Safetensors::at(const std::string& name) const {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
        refuse(origin, name, "is missing");
    }
    return found->second;
}

const Safetensors::Tensor& Safetensors::checked(const std::string& name, DType dtype) const {
    const Tensor& tensor = at(name);
    if (tensor.dtype != dtype) {
        refuse(origin, name,
               std::string("has type ") + name_of(tensor.dtype) + "; expected " + name_of(dtype));
    }
    return tensor;
}

void Safetensors::check_shape(const std::string& name,
                              const std::vector<std::size_t>& shape) const {
    const Tensor& tensor = at(name);
    if (tensor.shape != shape) {
        refuse(origin, name,
               "has shape " + shown_shape(tensor.shape) + "; expected " + shown_shape(shape));
    }
}

void Safetensors::copy(const Tensor& tensor, void* to) {
    if (!tensor.bytes.empty()) {
        std::memcpy(to, tensor.bytes.data(), tensor.bytes.size());
    }
}

}  // namespace spikeloom
