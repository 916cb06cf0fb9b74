// Writes checkpoints as torch.save does, and as it never would: for tests of the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>
#include <zip.h>

namespace spikeloom::tests {

/// Pickle opcodes one behind the other, as Python's pickletools names them.
class PickleWriter {
  public:
    PickleWriter& op(char code) {
        bytes_ += code;
        return *this;
    }
    PickleWriter& global(const std::string& module, const std::string& name) {
        bytes_ += 'c' + module + '\n' + name + '\n';
        return *this;
    }
    PickleWriter& text(const std::string& value) {
        bytes_ += 'X';
        return little_endian(value.size(), 4).raw(value);
    }
    PickleWriter& integer(std::uint64_t value) {
        bytes_ += '\x8a';  // LONG1
        bytes_ += '\x08';
        return little_endian(value, 8);
    }
    PickleWriter& tuple(const std::vector<std::size_t>& values) {
        op('(');
        for (const std::size_t value : values) {
            integer(value);
        }
        return op('t');
    }
    PickleWriter& raw(const std::string& bytes) {
        bytes_ += bytes;
        return *this;
    }
    PickleWriter& little_endian(std::uint64_t value, int size) {
        for (int i = 0; i < size; ++i) {
            bytes_ += static_cast<char>(value >> (8 * i) & 0xff);
        }
        return *this;
    }
    const std::string& bytes() const { return bytes_; }

  private:
    std::string bytes_;
};

/// A tensor to be written; strides are those of a contiguous one unless given.
struct PthTensor {
    std::string name;
    std::vector<std::size_t> shape;
    std::string storage;  // key
    std::size_t storage_elements = 0;
    std::string type = "FloatStorage";
    std::size_t offset = 0;
    std::vector<std::size_t> strides = {};
};

inline std::vector<std::size_t> contiguous_strides(const std::vector<std::size_t>& shape) {
    std::vector<std::size_t> strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;) {
        strides[i - 1] = strides[i] * shape[i];
    }
    return strides;
}

/// Puts an OrderedDict of the tensors onto the stack, with the attribute _metadata that PyTorch
/// gives a state dict.
inline void write_state_dict(PickleWriter& out, const std::vector<PthTensor>& tensors) {
    out.global("collections", "OrderedDict").op(')').op('R').op('(');
    for (const PthTensor& tensor : tensors) {
        out.text(tensor.name);
        out.global("torch._utils", "_rebuild_tensor_v2").op('(');
        out.op('(').text("storage").global("torch", tensor.type).text(tensor.storage).text("cpu");
        out.integer(tensor.storage_elements).op('t').op('Q');
        out.integer(tensor.offset).tuple(tensor.shape);
        out.tuple(tensor.strides.empty() ? contiguous_strides(tensor.shape) : tensor.strides);
        out.op('\x89');  // requires_grad = False
        out.global("collections", "OrderedDict").op(')').op('R');
        out.op('t').op('R');
    }
    out.op('u');
    out.op('}').text("_metadata").op('}').op('s').op('b');
}

/// data.pkl of a checkpoint that is a state dict.
inline std::string state_dict_pickle(const std::vector<PthTensor>& tensors) {
    PickleWriter out;
    out.raw("\x80\x02");
    write_state_dict(out, tensors);
    return out.op('.').bytes();
}

/// A zip of these entries, stored unless `compression` says otherwise.
inline void write_zip(const std::filesystem::path& path,
                      const std::map<std::string, std::string>& entries,
                      int compression = ZIP_CM_STORE) {
    int code = 0;
    zip_t* const archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    bool done = archive != nullptr;
    for (const auto& [name, bytes] : entries) {
        zip_source_t* const source =
            done ? zip_source_buffer(archive, bytes.data(), bytes.size(), 0) : nullptr;
        const zip_int64_t index =
            source == nullptr ? -1 : zip_file_add(archive, name.c_str(), source, 0);
        done = index >= 0 && zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                                                      compression, 0) == 0;
    }
    if (!done || zip_close(archive) != 0) {
        throw std::runtime_error("cannot write " + path.string());
    }
}

/// The bytes of 32-bit floats, and of their upper halves, which are bfloat16.
inline std::string float_bytes(const std::vector<float>& values) {
    std::string bytes(4 * values.size(), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}
inline std::string bfloat_bytes(const std::vector<float>& values) {
    const std::string whole = float_bytes(values);
    std::string bytes;
    for (std::size_t i = 0; i < whole.size(); i += 4) {
        bytes += whole.substr(i + 2, 2);
    }
    return bytes;
}

}  // namespace spikeloom::tests
