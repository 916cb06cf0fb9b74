#include "arch/synapse_rows.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace spikeloom::arch {

std::size_t SynapseRows::bytes() const {
    return words_.size() * sizeof(words_[0]) + begins_.size() * sizeof(begins_[0]) +
           cores_.size() * sizeof(cores_[0]);
}

std::uint32_t SynapseRows::synapses_of(std::uint32_t row) const {
    std::uint32_t count = 0;
    for (std::size_t word = begins_[row]; word < end_of(row);) {
        const std::uint32_t header = words_[word];
        count += header & kCountMask;
        word += 1 + ((header & kRun) != 0 ? 1 : header & kCountMask);
    }
    return count;
}

void SynapseRows::append(std::vector<Synapse>& synapses) {
    const auto key = [](const Synapse& s) { return std::tie(s.core, s.delay, s.accumulator); };
    std::sort(synapses.begin(), synapses.end(),
              [&](const Synapse& a, const Synapse& b) { return key(a) < key(b); });
    for (std::size_t first = 0; first < synapses.size();) {
        const Synapse& head = synapses[first];
        if (first == 0 || synapses[first - 1].core != head.core) {
            if (words_.size() > std::numeric_limits<std::uint32_t>::max()) {
                throw InputError("the network has more synapses than the simulator can number");
            }
            begins_.push_back(static_cast<std::uint32_t>(words_.size()));
            cores_.push_back(head.core);
        }
        std::size_t end = first + 1;
        while (end < synapses.size() && end - first < kCountMask &&
               synapses[end].core == head.core && synapses[end].delay == head.delay) {
            ++end;
        }
        append_segment(std::span(synapses).subspan(first, end - first));
        first = end;
    }
    synapses_ += synapses.size();
}

void SynapseRows::append_segment(std::span<const Synapse> segment) {
    const Synapse& head = segment.front();
    const auto word = [](const Synapse& s) {
        return std::uint32_t{s.accumulator} | std::uint32_t{static_cast<std::uint16_t>(s.weight)}
                                                  << 16;
    };
    bool run = segment.size() > 1;
    for (std::size_t i = 1; run && i < segment.size(); ++i) {
        run = segment[i].weight == head.weight && segment[i].accumulator == head.accumulator + i;
    }
    words_.push_back(static_cast<std::uint32_t>(segment.size()) | (run ? kRun : 0U) |
                     std::uint32_t{head.delay} << kDelayShift);
    if (run) {
        words_.push_back(word(head));
        return;
    }
    for (const Synapse& synapse : segment) {
        words_.push_back(word(synapse));
    }
}

void SynapseRows::reserve(std::uint64_t synapses, std::uint64_t rows) {
    words_.reserve(synapses + rows);
    begins_.reserve(rows);
    cores_.reserve(rows);
}

}  // namespace spikeloom::arch
