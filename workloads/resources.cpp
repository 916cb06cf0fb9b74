#include "workloads/resources.hpp"

#include "arch/weight_rows.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace spikeloom::workloads {

namespace {
constexpr std::uint64_t kMostStages = 64;  // a packet's header has 6 bits for them (docs/core.md)
}  // namespace

CoreUse& CoreUse::operator+=(const CoreUse& other) {
    stages += other.stages;
    synapse_bytes += other.synapse_bytes;
    axon_entries += other.axon_entries;
    accumulators += other.accumulators;
    state_bytes += other.state_bytes;
    return *this;
}

CoreUse use_of(const arch::Stage& stage) {
    CoreUse use;
    use.stages = 1;
    for (const arch::AxonBlock& block : stage.axons) {
        use.axon_entries += block.axons;
        if (block.kind == arch::AxonBlock::Kind::sram) {
            use.synapse_bytes += arch::totals_of(block).bytes;
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
         {compare(use.stages, kMostStages, "places in its table of stages"),
          compare(use.synapse_bytes, core.synapse_bytes, "bytes of synapse memory"),
          compare(use.axon_entries, core.axon_entries, "axon entries"),
          compare(use.accumulators, core.accumulators, "accumulators"),
          compare(use.state_bytes, core.state_bytes, "bytes of state memory")}) {
        if (!found.empty()) {
            return found;
        }
    }
    return {};
}

namespace {

/// Stages that share a core come what may.
struct Bundle {
    std::vector<std::size_t> stages;
    CoreUse use;
    double cycles = 0.0;
};

std::vector<Bundle> bundles_of(const arch::Program& program,
                               const std::vector<arch::StageId>& leaders,
                               const arch::ChipConfig& chip, const std::vector<double>& cycles) {
    std::map<arch::StageId, Bundle> by_leader;
    for (std::size_t s = 0; s < program.stages.size(); ++s) {
        Bundle& bundle = by_leader[leaders[s]];
        bundle.stages.push_back(s);
        bundle.use += use_of(program.stages[s]);
        bundle.cycles += cycles[s];
    }
    std::vector<Bundle> bundles;
    for (auto& [leader, bundle] : by_leader) {
        if (const std::string found = excess(bundle.use, chip.core); !found.empty()) {
            throw InputError("stage " + program.stages[leader].name + " needs " + found);
        }
        bundles.push_back(std::move(bundle));
    }
    return bundles;
}

/// Whatever a bundle takes most of, as a part of what a core has, decides how hard it is to place.
double size_of(const CoreUse& use, const arch::CoreConfig& core) {
    return std::max({static_cast<double>(use.synapse_bytes) / core.synapse_bytes,
                     static_cast<double>(use.axon_entries) / core.axon_entries,
                     static_cast<double>(use.accumulators) / core.accumulators,
                     static_cast<double>(use.state_bytes) / core.state_bytes});
}

[[noreturn]] void refuse(const std::vector<Bundle>& bundles, const arch::ChipConfig& chip) {
    CoreUse needed;
    for (const Bundle& bundle : bundles) {
        needed += bundle.use;
    }
    const arch::CoreConfig& core = chip.core;
    throw InputError("the " + std::to_string(needed.stages) + " stages need " +
                     std::to_string(needed.synapse_bytes) + " bytes of synapse memory, " +
                     std::to_string(needed.axon_entries) + " axon entries, " +
                     std::to_string(needed.accumulators) + " accumulators and " +
                     std::to_string(needed.state_bytes) + " bytes of state memory; the chip has " +
                     std::to_string(chip.cores()) + " cores of " +
                     std::to_string(core.synapse_bytes) + ", " + std::to_string(core.axon_entries) +
                     ", " + std::to_string(core.accumulators) + " and " +
                     std::to_string(core.state_bytes));
}

/// Puts each bundle, in their order, on the core with the least to do of those that have room. None
/// where one has no room anywhere.
std::optional<CoreOfStage> pack(const std::vector<Bundle>& bundles, std::size_t stages,
                                const arch::ChipConfig& chip) {
    CoreOfStage core_of(stages);
    std::vector<CoreUse> filled(chip.cores());
    std::vector<double> load(chip.cores(), 0.0);
    for (const Bundle& bundle : bundles) {
        std::optional<std::size_t> best;
        for (std::size_t core = 0; core < filled.size(); ++core) {
            CoreUse together = filled[core];
            together += bundle.use;
            if (excess(together, chip.core).empty() && (!best || load[core] < load[*best])) {
                best = core;
            }
        }
        if (!best) {
            return std::nullopt;
        }
        filled[*best] += bundle.use;
        load[*best] += bundle.cycles;
        for (const std::size_t s : bundle.stages) {
            core_of[s] = static_cast<std::uint32_t>(*best);
        }
    }
    return core_of;
}

CoreOfStage a_core_each(const std::vector<Bundle>& bundles, std::size_t stages) {
    CoreOfStage core_of(stages);
    for (std::size_t b = 0; b < bundles.size(); ++b) {
        for (const std::size_t s : bundles[b].stages) {
            core_of[s] = static_cast<std::uint32_t>(b);
        }
    }
    return core_of;
}

}  // namespace

CoreOfStage group_stages(const arch::Program& program, const std::vector<arch::StageId>& leaders,
                         const arch::ChipConfig& chip, const std::vector<double>& cycles) {
    std::vector<Bundle> bundles = bundles_of(program, leaders, chip, cycles);
    if (bundles.size() <= chip.cores()) {
        return a_core_each(bundles, program.stages.size());
    }
    // The longest first shares out the work best; the largest first finds room where the
    // longest first does not.
    std::stable_sort(bundles.begin(), bundles.end(),
                     [](const Bundle& a, const Bundle& b) { return a.cycles > b.cycles; });
    if (auto balanced = pack(bundles, program.stages.size(), chip)) {
        return *std::move(balanced);
    }
    std::stable_sort(bundles.begin(), bundles.end(), [&](const Bundle& a, const Bundle& b) {
        return size_of(a.use, chip.core) > size_of(b.use, chip.core);
    });
    auto packed = pack(bundles, program.stages.size(), chip);
    if (!packed) {
        refuse(bundles, chip);
    }
    return *std::move(packed);
}

}  // namespace spikeloom::workloads
