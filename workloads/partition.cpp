#include "workloads/partition.hpp"

#include "arch/weight_rows.hpp"
#include "base/error.hpp"
#include "workloads/estimate.hpp"
#include "workloads/interleave.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace spikeloom::workloads {

namespace {

constexpr std::array<MatrixStage, kMatrixStages> kAllStages = {
    MatrixStage::att_kvr, MatrixStage::att_out, MatrixStage::ffn_key, MatrixStage::ffn_out,
    MatrixStage::head};
/// The order in which they leave the cores where there is no room.
constexpr std::array<MatrixStage, kMatrixStages> kStreamedFirst = {
    MatrixStage::head, MatrixStage::ffn_key, MatrixStage::ffn_out, MatrixStage::att_kvr,
    MatrixStage::att_out};

std::size_t index_of(MatrixStage stage) {
    return static_cast<std::size_t>(stage);
}

/// What keeps a stage from a core of its own; empty: nothing.
std::string misfit(const arch::Stage& stage, const arch::CoreConfig& core) {
    for (const arch::AxonBlock& block : stage.axons) {
        if (block.kind != arch::AxonBlock::Kind::remote) {
            continue;
        }
        const std::uint64_t longest = arch::totals_of(block).longest;
        if (longest > core.dma_row_bytes) {
            return std::to_string(longest) + " bytes in a streamed row, a core fetches " +
                   std::to_string(core.dma_row_bytes);
        }
    }
    return excess(use_of(stage), core);
}

constexpr double kMostRelays = 15.0;
constexpr std::size_t kMostSharing = 8;  // stages a core on average, where rows are streamed

class Partitioner {
  public:
    Partitioner(const models::QuantisedModel& model, const arch::ChipConfig& chip,
                const Activity& activity, HeadHome head, RowKind rows)
        : model_(model), chip_(chip), activity_(activity), head_(head), rows_(rows) {}

    Partition run() {
        if (chip_.memory_tiles.empty()) {
            throw InputError("chip " + chip_.name +
                             ": no memory_tiles; the embedding needs the DRAM of one");
        }
        std::string first_reason;
        Layout layout;
        layout.granule = chip_.core.lanes;
        layout.sparse_index_bits = rows_ == RowKind::shorter ? chip_.core.sparse_index_bits : 0;
        const std::size_t fewest_streamed = head_ == HeadHome::dram ? 1 : 0;
        for (std::size_t streamed = 0; streamed <= kMatrixStages; ++streamed) {
            if (streamed > 0) {
                layout.streamed[index_of(kStreamedFirst[streamed - 1])] = true;
            }
            if (streamed < fewest_streamed) {
                continue;
            }
            try {
                return improve(evaluate(fewest_parts(layout)));
            } catch (const InputError& error) {
                if (first_reason.empty()) {
                    first_reason = error.what();
                }
            }
        }
        throw InputError("model of " + std::to_string(model_.config.layers) + " layers x " +
                         std::to_string(model_.config.channels) + " channels, chip " + chip_.name +
                         ": " + first_reason);
    }

  private:
    /// Cuts each kind until its stages fit into a core each. InputError where cutting is no help.
    Layout fewest_parts(Layout layout) {
        while (true) {
            const StageGraph graph = build_spikegpt(model_, layout, sparse_);
            bool fits = true;
            for (std::size_t s = 0; s < graph.kinds.size() && fits; ++s) {
                const arch::Stage& stage = graph.program.stages[s];
                const std::string found = misfit(stage, chip_.core);
                fits = found.empty();
                if (!fits && (!graph.kinds[s] || !cut(layout, *graph.kinds[s]))) {
                    throw InputError("stage " + stage.name + " needs " + found);
                }
            }
            if (fits) {
                return layout;
            }
        }
    }

    /// Cuts a kind once more: to the fewest parts whose rows take the lanes one group less, or,
    /// where they take one only, have a row less.
    bool cut(Layout& layout, MatrixStage kind) const {
        const std::uint32_t rows = rows_of(kind, model_.config);
        const std::uint32_t lanes = chip_.core.lanes;
        std::uint32_t& parts = layout.parts[index_of(kind)];
        const std::uint32_t largest = largest_part(rows, parts, layout.granule);
        if (largest == 1) {
            return false;
        }
        const std::uint32_t groups = (largest + lanes - 1) / lanes;
        const std::uint32_t wanted = groups > 1 ? (groups - 1) * lanes : largest - 1;
        while (largest_part(rows, parts, layout.granule) > wanted) {
            ++parts;  // as many parts as rows are enough for any
        }
        return true;
    }

    Partition evaluate(const Layout& layout) {
        Partition result = measure(layout);
        // Tokens between a norm and the next wait in the accumulators of the next and of the relays
        // before it; where those are full, the norm waits.
        const double room = chip_.core.accumulator_slots;
        const auto relays_for = [&](double cycles) {
            const double wanted = std::ceil(cycles / (room * result.interval)) - 1.0;
            return static_cast<std::uint32_t>(std::clamp(wanted, 0.0, kMostRelays));
        };
        Layout with_relays = layout;
        with_relays.att_relays = relays_for(result.beside_att);
        with_relays.ffn_relays = relays_for(result.beside_ffn);
        for (; with_relays.att_relays + with_relays.ffn_relays > 0;
             with_relays.att_relays /= 2, with_relays.ffn_relays /= 2) {
            try {
                result = measure(with_relays);
                break;
            } catch (const InputError&) {
                // The cores of the norms have no room for so many: fewer.
            }
        }
        result.interval = std::max({result.interval,
                                    result.beside_att / (room * (1.0 + result.layout.att_relays)),
                                    result.beside_ffn / (room * (1.0 + result.layout.ffn_relays))});
        return result;
    }

    Partition measure(const Layout& layout) {
        Partition result;
        result.layout = layout;
        result.graph = build_spikegpt(model_, layout, sparse_);
        interleave_destinations(result.graph.program, chip_);
        const arch::Program& program = result.graph.program;
        const std::vector<StageWork> work = estimate_work(program, chip_, activity_);
        std::vector<double> cycles;
        for (const StageWork& stage : work) {
            cycles.push_back(interval(stage, chip_));
        }
        result.cores = group_stages(program, result.graph.leaders, chip_, cycles);
        std::vector<std::vector<StageWork>> on_core(chip_.cores());
        for (std::size_t s = 0; s < work.size(); ++s) {
            on_core[result.cores[s]].push_back(work[s]);
        }
        for (const std::vector<StageWork>& core : on_core) {
            result.interval = std::max(result.interval, interval(core, chip_));
        }
        const Timetable times = timetable(program, work);
        result.latency = times.last_result;
        const std::vector<arch::StageId>& norms = result.graph.norms;
        for (std::size_t n = 0; n + 1 < norms.size(); ++n) {
            double& beside = n % 2 == 0 ? result.beside_att : result.beside_ffn;
            beside = std::max(beside, times.begin[norms[n + 1]] - times.begin[norms[n]]);
        }
        return result;
    }

    /// Hill climbing: the best single cut, as long as one helps. A stage whose weights lie in cores
    /// wants a core of its own. One whose rows are streamed takes little room, and more parts of it
    /// read more memories at once: where layers are streamed, those parts may share cores. Parts of
    /// the head alone may not: they would hold up the layers beside them, which do not wait for any
    /// memory.
    Partition improve(Partition best) {
        const bool layers_stream =
            std::any_of(kAllStages.begin(), kAllStages.end(), [&](MatrixStage kind) {
                return kind != MatrixStage::head && best.layout.streamed[index_of(kind)];
            });
        while (true) {
            std::optional<Partition> better;
            for (const MatrixStage kind : kAllStages) {
                Layout layout = best.layout;
                const bool shares = layers_stream && layout.streamed[index_of(kind)];
                const std::size_t most = (shares ? kMostSharing : 1) * chip_.cores();
                if (!cut(layout, kind) || stages_of(layout) > most) {
                    continue;
                }
                const Partition& to_beat = better ? *better : best;
                std::optional<Partition> candidate = try_out(layout);
                if (candidate && std::tie(candidate->interval, candidate->latency) <
                                     std::tie(to_beat.interval, to_beat.latency)) {
                    better = std::move(candidate);
                }
            }
            if (!better) {
                return best;
            }
            best = std::move(*better);
        }
    }

    /// None where the cores have no room for so many stages.
    std::optional<Partition> try_out(const Layout& layout) {
        try {
            return evaluate(layout);
        } catch (const InputError&) {
            return std::nullopt;
        }
    }

    std::size_t stages_of(const Layout& layout) const {
        std::size_t a_layer = 2;  // norms
        for (const MatrixStage kind : kAllStages) {
            a_layer += kind == MatrixStage::head ? 0 : layout.parts[index_of(kind)];
        }
        const auto layers = static_cast<std::size_t>(model_.config.layers);
        return 2 + layers * a_layer + layout.parts[index_of(MatrixStage::head)];
    }

    const models::QuantisedModel& model_;
    const arch::ChipConfig& chip_;
    const Activity& activity_;
    HeadHome head_;
    RowKind rows_;
    SparseCounts sparse_;
};

}  // namespace

HeadHome head_home_named(const std::string& name) {
    if (name == "dram" || name == "cores") {
        return name == "dram" ? HeadHome::dram : HeadHome::cores;
    }
    throw InputError("home of the head: found '" + name + "'; allowed is one of dram, cores");
}

RowKind row_kind_named(const std::string& name) {
    if (name == "dense" || name == "shorter") {
        return name == "dense" ? RowKind::dense : RowKind::shorter;
    }
    throw InputError("rows: found '" + name + "'; allowed is one of dense, shorter");
}

Partition partition(const models::QuantisedModel& model, const arch::ChipConfig& chip,
                    const Activity& activity, HeadHome head, RowKind rows) {
    return Partitioner(model, chip, activity, head, rows).run();
}

}  // namespace spikeloom::workloads
