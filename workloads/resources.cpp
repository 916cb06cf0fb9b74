#include "workloads/resources.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace spikeloom::workloads {

CoreUse& CoreUse::operator+=(const CoreUse& other) {
    synapse_bytes += other.synapse_bytes;
    axon_entries += other.axon_entries;
    accumulators += other.accumulators;
    state_bytes += other.state_bytes;
    return *this;
}

CoreUse use_of(const arch::Stage& stage) {
    CoreUse use;
    for (const arch::AxonBlock& block : stage.axons) {
        use.axon_entries += block.axons;
        if (block.kind == arch::AxonBlock::Kind::sram) {
            use.synapse_bytes += std::uint64_t{block.axons} * block.row_stride;
        }
    }
    for (const arch::Register& declared : stage.registers) {
        if (declared.kind == arch::Register::Kind::accumulator) {
            use.accumulators += declared.length;
        } else {
            use.state_bytes += std::uint64_t{declared.length} * sizeof(std::int32_t);
        }
    }
    return use;
}

std::string excess(const CoreUse& use, const arch::CoreConfig& core) {
    const auto compare = [](std::uint64_t needed, std::uint64_t there, const char* what) {
        return needed <= there
                   ? std::string()
                   : std::to_string(needed) + " " + what + ", a core has " + std::to_string(there);
    };
    for (const std::string& found :
         {compare(use.synapse_bytes, core.synapse_bytes, "bytes of synapse memory"),
          compare(use.axon_entries, core.axon_entries, "axon entries"),
          compare(use.accumulators, core.accumulators, "accumulators"),
          compare(use.state_bytes, core.state_bytes, "bytes of state memory")}) {
        if (!found.empty()) {
            return found;
        }
    }
    return {};
}

CoreOfStage group_stages(const arch::Program& program, const arch::ChipConfig& chip,
                         const std::vector<double>& cycles) {
    const std::size_t stages = program.stages.size();
    CoreUse needed;
    std::vector<CoreUse> uses;
    for (const arch::Stage& stage : program.stages) {
        uses.push_back(use_of(stage));
        needed += uses.back();
        if (const std::string found = excess(uses.back(), chip.core); !found.empty()) {
            throw InputError("stage " + stage.name + " needs " + found);
        }
    }
    CoreOfStage core_of(stages);
    std::iota(core_of.begin(), core_of.end(), 0U);
    if (stages <= chip.cores()) {
        return core_of;
    }

    std::vector<std::size_t> order(stages);
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Whatever a stage takes most of, as a part of what a core has, decides how hard it is to
    // place.
    const auto size = [&](std::size_t s) {
        const CoreUse& use = uses[s];
        return std::max({static_cast<double>(use.synapse_bytes) / chip.core.synapse_bytes,
                         static_cast<double>(use.axon_entries) / chip.core.axon_entries,
                         static_cast<double>(use.accumulators) / chip.core.accumulators,
                         static_cast<double>(use.state_bytes) / chip.core.state_bytes});
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return size(a) > size(b); });

    std::vector<CoreUse> filled(chip.cores());
    std::vector<double> load(chip.cores(), 0.0);
    for (const std::size_t s : order) {
        std::optional<std::size_t> best;
        for (std::size_t core = 0; core < filled.size(); ++core) {
            CoreUse together = filled[core];
            together += uses[s];
            if (excess(together, chip.core).empty() && (!best || load[core] < load[*best])) {
                best = core;
            }
        }
        if (!best) {
            throw InputError(
                "the program of " + std::to_string(stages) + " stages does not fit: it needs " +
                std::to_string(needed.synapse_bytes) + " bytes of synapse memory, " +
                std::to_string(needed.axon_entries) + " axon entries, " +
                std::to_string(needed.accumulators) + " accumulators and " +
                std::to_string(needed.state_bytes) + " bytes of state memory; the chip has " +
                std::to_string(chip.cores()) + " cores of " +
                std::to_string(chip.core.synapse_bytes) + ", " +
                std::to_string(chip.core.axon_entries) + ", " +
                std::to_string(chip.core.accumulators) + " and " +
                std::to_string(chip.core.state_bytes));
        }
        core_of[s] = static_cast<std::uint32_t>(*best);
        filled[*best] += uses[s];
        load[*best] += cycles[s];
    }
    return core_of;
}

}  // namespace spikeloom::workloads
