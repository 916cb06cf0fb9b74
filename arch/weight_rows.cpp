#include "arch/weight_rows.hpp"

#include "models/fixed_point.hpp"

#include <algorithm>
#include <cstring>

namespace spikeloom::arch {

namespace {

constexpr std::uint32_t kByteBits = 8;

/// `bits` bits, at most 16, from bit `first` on, bit 0 being the lowest of byte 0.
std::uint32_t bits_at(const std::uint8_t* memory, std::uint64_t first, std::uint32_t bits) {
    std::uint32_t value = 0;
    for (std::uint32_t done = 0; done < bits;) {
        const std::uint64_t at = first + done;
        const auto offset = static_cast<std::uint32_t>(at % kByteBits);
        value |= (std::uint32_t{memory[at / kByteBits]} >> offset) << done;
        done += kByteBits - offset;
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

}  // namespace

RowShape shape_of(const AxonBlock& block) {
    return {block.row_length, block.weight_bits, block.index_bits};
}

std::vector<RowPlace> row_places(const AxonBlock& block) {
    const RowShape shape = shape_of(block);
    std::vector<RowPlace> places(block.axons, {block.address, block.row_length});
    std::uint64_t next = block.address;
    for (std::uint32_t row = 0; row < block.axons; ++row) {
        places[row].address = next;
        if (block.index_bits > 0) {
            places[row].synapses = block.synapses[row];
            next += shape.bytes(block.synapses[row]);
        } else {
            next += block.row_stride;
        }
    }
    return places;
}

RowTotals totals_of(const AxonBlock& block) {
    const RowShape shape = shape_of(block);
    if (block.index_bits == 0) {
        const std::uint64_t row = shape.bytes(block.row_length);
        return {std::uint64_t{block.axons} * block.row_length,
                std::uint64_t{block.axons - 1} * block.row_stride + row, row};
    }
    RowTotals totals;
    for (const std::uint32_t synapses : block.synapses) {
        totals.synapses += synapses;
        totals.bytes += shape.bytes(synapses);
        totals.longest = std::max(totals.longest, shape.bytes(synapses));
    }
    return totals;
}

std::uint64_t reach_of(std::span<const std::uint8_t> memory, const RowShape& shape,
                       std::uint32_t synapses) {
    std::uint64_t reach = 0;
    for (std::uint64_t i = 0; i < synapses; ++i) {
        reach += std::uint64_t{1} + bits_at(memory.data(), shape.bits(i), shape.index_bits);
    }
    return reach;
}

WeightRows::WeightRows(std::span<const std::uint8_t> memory, const RowShape& shape,
                       std::span<const RowPlace> places) {
    begins_.push_back(0);
    for (const RowPlace& place : places) {
        begins_.push_back(begins_.back() + place.synapses);
    }
    const std::uint32_t bits = shape.weight_bits;
    const bool narrow = bits <= kByteBits;
    if (narrow) {
        narrow_.resize(begins_.back());
    } else {
        wide_.resize(begins_.back());
    }
    positions_.resize(shape.index_bits > 0 ? begins_.back() : 0);
    for (std::size_t row = 0; row < places.size(); ++row) {
        const std::uint8_t* const packed = memory.data() + places[row].address;
        const std::size_t first = begins_[row];
        if (bits == kByteBits && shape.index_bits == 0) {
            std::memcpy(narrow_.data() + first, packed, places[row].synapses);
            continue;
        }
        std::uint32_t position = 0;
        for (std::size_t i = 0; i < places[row].synapses; ++i) {
            std::uint64_t bit = shape.bits(i);
            if (shape.index_bits > 0) {
                position += bits_at(packed, bit, shape.index_bits);
                positions_[first + i] = position++;
                bit += shape.index_bits;
            }
            const std::int32_t weight = weight_of(bits_at(packed, bit, bits), bits);
            if (narrow) {
                narrow_[first + i] = static_cast<std::int8_t>(weight);
            } else {
                wide_[first + i] = static_cast<std::int16_t>(weight);
            }
        }
    }
}

void WeightRows::accumulate(std::uint32_t row, std::int32_t value,
                            std::span<std::int32_t> sums) const {
    const std::size_t first = begins_[row];
    const std::size_t count = begins_[row + 1] - first;
    const auto add = [&](const auto& weights) {
        const std::span run = std::span(weights).subspan(first, count);
        if (positions_.empty()) {
            models::fixed::accumulate(run, value, sums);
        } else {
            models::fixed::accumulate(run, std::span(positions_).subspan(first, count), value,
                                      sums);
        }
    };
    if (wide_.empty()) {
        add(narrow_);
    } else {
        add(wide_);
    }
}

std::uint32_t dense_cycles(std::uint32_t synapses, const Lanes& lanes) {
    // Neighbours lie in different banks, so a group fills them evenly.
    const auto group = [&](std::uint32_t size) {
        return lanes.banks == 0 ? 1 : (size + lanes.banks - 1) / lanes.banks;
    };
    const std::uint32_t rest = synapses % lanes.lanes;
    return synapses / lanes.lanes * group(lanes.lanes) + (rest == 0 ? 0 : group(rest));
}

std::uint32_t WeightRows::cycles(std::uint32_t row, const Lanes& lanes) const {
    const std::size_t end = begins_[row + 1];
    const auto count = static_cast<std::uint32_t>(end - begins_[row]);
    if (positions_.empty() || lanes.banks == 0) {
        return dense_cycles(count, lanes);
    }
    std::uint32_t cycles = 0;
    std::vector<std::uint32_t> in_bank(lanes.banks);
    for (std::size_t first = begins_[row]; first < end; first += lanes.lanes) {
        std::fill(in_bank.begin(), in_bank.end(), 0);
        std::uint32_t fullest = 0;
        for (std::size_t i = first; i < std::min<std::size_t>(end, first + lanes.lanes); ++i) {
            fullest = std::max(fullest, ++in_bank[positions_[i] % lanes.banks]);
        }
        cycles += fullest;
    }
    return cycles;
}

}  // namespace spikeloom::arch
