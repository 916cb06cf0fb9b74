// The safetensors format: 8 bytes of header length, a JSON header, then the tensors' bytes.
// (Hugging Face, "Safetensors: format", https://huggingface.co/docs/safetensors)
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace spikeloom {

enum class DType { boolean, u8, i8, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };

/// Bytes of one element.
std::size_t size_of(DType dtype);
/// The name the format uses ("F32").
const char* name_of(DType dtype);

/// The element type of a C++ type.
template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<std::uint8_t>() {
    return DType::u8;
}
template <>
constexpr DType dtype_of<std::int8_t>() {
    return DType::i8;
}
template <>
constexpr DType dtype_of<std::int16_t>() {
    return DType::i16;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
    return DType::i32;
}
template <>
constexpr DType dtype_of<std::uint32_t>() {
    return DType::u32;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
    return DType::i64;
}
template <>
constexpr DType dtype_of<std::uint64_t>() {
    return DType::u64;
}
template <>
constexpr DType dtype_of<float>() {
    return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
    return DType::f64;
}

/// A file of named tensors, read whole. The values are little-endian, as the machines are on which
/// spikeloom runs.
class Safetensors {
  public:
    struct Tensor {
        DType dtype = DType::f32;
        std::vector<std::size_t> shape;
        std::vector<std::byte> bytes;  // row-major
        std::size_t elements() const;
    };

    /// Throws InputError with the file, the tensor and what is wrong where the file is missing, cut
    /// short, or says of itself what does not hold (ranges that overlap, leave holes or do not fit
    /// the shape).
    static Safetensors read(const std::filesystem::path& path);
    /// The same from memory; `origin` names it in errors.
    static Safetensors parse(std::span<const std::byte> bytes, const std::string& origin);

    /// Writes the whole file or none of it; tensors in the order of their names.
    void write(const std::filesystem::path& path) const;
    std::string serialise() const;

    /// Free text by name, the header's `__metadata__`.
    std::map<std::string, std::string> metadata;
    std::map<std::string, Tensor> tensors;

    bool contains(const std::string& name) const { return tensors.count(name) != 0; }

    /// The tensor of that name; InputError where it is not there.
    const Tensor& at(const std::string& name) const;

    /// A tensor's values, checked for their type; and for their shape where one is given.
    template <class T>
    std::vector<T> values(const std::string& name) const {
        const Tensor& tensor = checked(name, dtype_of<T>());
        std::vector<T> result(tensor.elements());
        copy(tensor, result.data());
        return result;
    }
    template <class T>
    std::vector<T> values(const std::string& name, const std::vector<std::size_t>& shape) const {
        check_shape(name, shape);
        return values<T>(name);
    }

    /// Checks a tensor's type and shape and reads nothing.
    template <class T>
    void check(const std::string& name, const std::vector<std::size_t>& shape) const {
        checked(name, dtype_of<T>());
        check_shape(name, shape);
    }

    template <class T>
    void add(const std::string& name, std::vector<std::size_t> shape, std::span<const T> data) {
        const auto bytes = std::as_bytes(data);
        tensors[name] = {dtype_of<T>(), std::move(shape), {bytes.begin(), bytes.end()}};
    }

    /// What errors call this file.
    std::string origin = "safetensors";

  private:
    const Tensor& checked(const std::string& name, DType dtype) const;
    void check_shape(const std::string& name, const std::vector<std::size_t>& shape) const;
    static void copy(const Tensor& tensor, void* to);
};

}  // namespace spikeloom
