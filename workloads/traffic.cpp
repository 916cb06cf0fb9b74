#include "workloads/traffic.hpp"

#include "arch/message.hpp"
#include "arch/weight_rows.hpp"
#include "noc/packet_format.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace spikeloom::workloads {

namespace {

using arch::AxonBlock;
using arch::Encoding;

/// Adds up packets and flits by (from, to).
class Ledger {
  public:
    explicit Ledger(const arch::ChipConfig& chip) : format_(chip.packet_format()) {}

    void single(Node from, Node to, double packets) {
        add(from, to, packets, packets * format_.header_flits());
    }

    void burst(Node from, Node to, int unit_bits, double units, double times = 1.0) {
        const noc::Burst layout(format_, unit_bits,
                                static_cast<std::uint64_t>(std::llround(units)));
        add(from, to, times * static_cast<double>(layout.packets()),
            times * static_cast<double>(layout.total_flits()));
    }

    std::vector<Flow> flows() const {
        std::vector<Flow> result;
        for (const auto& entry : flows_) {
            result.push_back(entry.second);
        }
        return result;
    }

  private:
    void add(Node from, Node to, double packets, double flits) {
        if (packets == 0.0) {
            return;
        }
        Flow& flow = flows_[{from, to}];
        flow.from = from;
        flow.to = to;
        flow.packets += packets;
        flow.flits += flits;
    }

    noc::PacketFormat format_;
    std::map<std::pair<Node, Node>, Flow> flows_;
};

/// Of `events` that arrive evenly on the axons [first, first + length), those for `block`.
double share(const AxonBlock& block, std::uint32_t first, std::uint32_t length, double events) {
    const std::uint64_t begin = std::max(first, block.first_axon);
    const std::uint64_t end =
        std::min(std::uint64_t{first} + length, std::uint64_t{block.first_axon} + block.axons);
    return end > begin ? events * static_cast<double>(end - begin) / length : 0.0;
}

Node memory_node(arch::TileId tile, const arch::Program& program, const arch::ChipConfig& chip) {
    const auto found = std::find(chip.memory_tiles.begin(), chip.memory_tiles.end(), tile);
    return static_cast<Node>(program.stages.size()) + 1 +
           static_cast<Node>(found - chip.memory_tiles.begin());
}

}  // namespace

double expected_events(const arch::Output& output, const Activity& activity) {
    switch (output.encoding) {
        case Encoding::binary:
            return activity.binary * output.length;
        case Encoding::graded:
            return activity.graded * output.length;
        case Encoding::dense:
            break;
    }
    return output.length;
}

std::vector<std::vector<double>> expected_arrivals(const arch::Program& program,
                                                   const Activity& activity) {
    std::vector<std::vector<double>> arrivals;
    for (const arch::Stage& stage : program.stages) {
        arrivals.emplace_back(stage.axons.size(), 0.0);
    }
    const auto arrive = [&](const arch::Destination& to, std::uint32_t length, double events) {
        const std::vector<AxonBlock>& blocks = program.stages[to.stage].axons;
        for (std::size_t b = 0; b < blocks.size(); ++b) {
            arrivals[to.stage][b] += share(blocks[b], to.axon, length, events);
        }
    };
    for (const arch::Stage& stage : program.stages) {
        for (const arch::Output& output : stage.outputs) {
            for (const arch::Destination& to : output.destinations) {
                if (to.stage < program.stages.size()) {
                    arrive(to, output.length, expected_events(output, activity));
                }
            }
        }
    }
    // One token a step, on any axon of its stage.
    const std::vector<AxonBlock>& blocks = program.stages[program.host.token_stage].axons;
    std::uint32_t tokens = 0;
    for (const AxonBlock& block : blocks) {
        tokens = std::max(tokens, block.first_axon + block.axons);
    }
    arrive({program.host.token_stage, 0}, tokens, 1.0);
    return arrivals;
}

std::vector<Flow> expected_traffic(const arch::Program& program, const arch::ChipConfig& chip,
                                   const Activity& activity) {
    Ledger ledger(chip);
    const auto host = static_cast<Node>(program.stages.size());
    const auto arrivals = expected_arrivals(program, activity);
    for (Node id = 0; id < host; ++id) {
        const arch::Stage& stage = program.stages[id];
        for (const arch::Output& output : stage.outputs) {
            for (const arch::Destination& to : output.destinations) {
                ledger.burst(id, to.stage,
                             static_cast<int>(arch::event_bits(output.encoding, output.value_bits)),
                             expected_events(output, activity));
            }
        }
        for (const Node producer : stage.producers) {
            ledger.single(producer, id, 1.0);  // end-of-step marker
            ledger.single(id, producer, 1.0);  // step credit
        }
        for (std::size_t b = 0; b < stage.axons.size(); ++b) {
            const AxonBlock& block = stage.axons[b];
            if (block.kind == AxonBlock::Kind::remote && arrivals[id][b] > 0.0) {
                const Node memory = memory_node(block.memory_tile, program, chip);
                // Of sparse rows the mean; an empty one is not fetched.
                const arch::RowTotals rows = arch::totals_of(block);
                const double bytes = static_cast<double>(
                    block.index_bits > 0 ? rows.bytes / block.axons : rows.longest);
                ledger.burst(id, memory, arch::kRequestBits, 1.0, arrivals[id][b]);
                ledger.burst(memory, id, 8, bytes, arrivals[id][b]);
            }
        }
    }
    ledger.burst(host, program.host.token_stage, arch::kAxonBits, 1.0);  // the token
    for (const Node producer : program.host.producers) {
        ledger.single(producer, host, 1.0);
        ledger.single(host, producer, 1.0);
    }
    return ledger.flows();
}

arch::TileId tile_of(Node node, const arch::Program& program, const arch::ChipConfig& chip) {
    const std::size_t stages = program.stages.size();
    if (node < stages) {
        return program.stages[node].tile;
    }
    return node == stages ? program.host.tile : chip.memory_tiles.at(node - stages - 1);
}

}  // namespace spikeloom::workloads
