#include "arch/axon_table.hpp"

#include "models/fixed_point.hpp"

#include <algorithm>
#include <cstring>

namespace spikeloom::arch {

namespace {

/// `bits` bits from bit `first` on, bit 0 being the lowest of byte 0.
std::uint32_t bits_at(const std::uint8_t* memory, std::uint64_t first, std::uint32_t bits) {
    std::uint32_t value = 0;
    for (std::uint32_t done = 0; done < bits;) {
        const std::uint64_t at = first + done;
        const auto offset = static_cast<std::uint32_t>(at % 8);
        value |= (std::uint32_t{memory[at / 8]} >> offset) << done;
        done += 8 - offset;
    }
    return value & ((std::uint32_t{1} << bits) - 1);
}

/// A weight of one bit is 0 or 1; wider ones are two's complement.
std::int32_t weight_of(std::uint32_t packed, std::uint32_t bits) {
    if (bits == 1) {
        return static_cast<std::int32_t>(packed);
    }
    const auto sign = static_cast<std::int32_t>(std::uint32_t{1} << (bits - 1));
    return (static_cast<std::int32_t>(packed) ^ sign) - sign;
}

std::uint32_t divide_up(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::uint32_t>((a + b - 1) / b);
}

}  // namespace

WeightRows::WeightRows(std::span<const std::uint8_t> memory, std::uint32_t rows,
                       std::uint32_t stride, std::uint32_t length, std::uint32_t bits)
    : length_(length) {
    if (bits <= 8) {
        narrow_.resize(std::size_t{rows} * length);
    } else {
        wide_.resize(std::size_t{rows} * length);
    }
    for (std::size_t row = 0; row < rows; ++row) {
        const std::uint8_t* packed = memory.data() + row * stride;
        if (bits == 8) {
            std::memcpy(narrow_.data() + row * length, packed, length);
            continue;
        }
        for (std::size_t i = 0; i < length; ++i) {
            const std::int32_t weight = weight_of(bits_at(packed, i * bits, bits), bits);
            if (bits < 8) {
                narrow_[row * length + i] = static_cast<std::int8_t>(weight);
            } else {
                wide_[row * length + i] = static_cast<std::int16_t>(weight);
            }
        }
    }
}

void WeightRows::accumulate(std::uint32_t row, std::int32_t value,
                            std::span<std::int32_t> sums) const {
    const std::size_t first = std::size_t{row} * length_;
    if (wide_.empty()) {
        models::fixed::accumulate(std::span(narrow_).subspan(first, length_), value, sums);
    } else {
        models::fixed::accumulate(std::span(wide_).subspan(first, length_), value, sums);
    }
}

void AxonTable::add(const AxonBlock& axons, const CoreConfig& config,
                    std::span<const std::uint8_t> synapse_memory) {
    const std::size_t end = std::size_t{axons.first_axon} + axons.axons;
    entries_.resize(std::max(entries_.size(), end));
    std::fill(entries_.begin() + axons.first_axon,
              entries_.begin() + static_cast<std::ptrdiff_t>(end),
              static_cast<std::uint16_t>(blocks_.size()));

    Block block;
    block.axons = axons;
    const std::uint64_t row_bits = std::uint64_t{axons.row_length} * axons.weight_bits;
    const std::uint32_t port = config.synapse_port_bits;
    if (axons.kind != AxonBlock::Kind::direct) {
        block.service = std::max(1U, divide_up(axons.row_length, config.lanes));
    }
    if (axons.kind == AxonBlock::Kind::remote) {
        block.service = std::max(block.service, divide_up(row_bits, port));
        remote_ = true;
    }
    if (axons.kind == AxonBlock::Kind::sram) {
        block.rows = WeightRows(synapse_memory.subspan(axons.address), axons.axons,
                                axons.row_stride, axons.row_length, axons.weight_bits);
        for (std::uint64_t row = 0; row < axons.axons; ++row) {
            const std::uint64_t first_bit = (axons.address + row * axons.row_stride) * 8;
            block.words.push_back(divide_up(first_bit % port + row_bits, port));
            block.first_words.push_back(static_cast<std::uint32_t>(first_bit / port));
        }
    }
    blocks_.push_back(std::move(block));
}

}  // namespace spikeloom::arch
