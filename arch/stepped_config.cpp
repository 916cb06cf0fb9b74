#include "arch/stepped_config.hpp"

#include "base/schema.hpp"

#include <string>

namespace spikeloom::arch {

void describe(schema::Walk& walk, SteppedConfig& stepped) {
    const schema::Integers cycles = {1, 1000000};
    const schema::Integers extra = {0, 1000000};
    const schema::Integers time = {0, std::int64_t{1} << 40};
    walk.integer("cores_per_tile", stepped.cores_per_tile, {1, 16}, "cores that share a router");
    walk.integer("neurons", stepped.neurons, {1, 32768}, "neurons of a core");
    walk.integer("packet_bits", stepped.packet_bits, {1, 4096}, "a spike's packet, bits");
    walk.choice("rows", stepped.rows, {{"dense", RowFormat::dense}, {"sparse", RowFormat::sparse}},
                "dense: a weight for every neuron of the core; sparse: address, delay and weight "
                "for each synapse");
    walk.integer("weight_bits", stepped.weight_bits, {1, 16},
                 "of a synapse, two's complement; 1: there or not");
    walk.integer("address_bits", stepped.address_bits, {0, 16}, "of a synapse in a sparse row");
    walk.integer("delay_bits", stepped.delay_bits, {0, 8},
                 "of a synapse; the longest delay is 2^delay_bits - 1 steps, 0: all are 1");
    walk.integer("accumulator_bits", stepped.accumulator_bits, {2, 32},
                 "width to which a step's sums saturate when the neurons take them");
    walk.integer("synapse_cycles", stepped.synapse_cycles, cycles,
                 "cycles of the lanes for a group of `core.lanes` synapses");
    walk.integer("idle_update_cycles", stepped.idle_update_cycles, cycles,
                 "cycles of a neuron without input that does not fire");
    walk.integer("active_update_cycles", stepped.active_update_cycles, cycles,
                 "cycles of any other neuron");
    walk.integer("spike_cycles", stepped.spike_cycles, extra, "cycles more where it fires");
    walk.integer("axon_out_cycles", stepped.axon_out_cycles, cycles, "cycles a packet written");
    walk.integer("local_cycles", stepped.local_cycles, extra,
                 "cycles of a spike's way to another core of its tile; none to its own");
    walk.integer("barrier_cycles", stepped.barrier_cycles, time,
                 "cycles from the end of the last core's work to the next step");
    walk.integer("step_cycles", stepped.step_cycles, time,
                 "cycles a step takes at least; 0: it ends when its work is done");
    if (stepped.rows == RowFormat::dense && stepped.delay_bits != 0) {
        walk.fail("delay_bits", "found " + std::to_string(stepped.delay_bits) +
                                    " with dense rows, which hold no delays; allowed is 0");
    }
}

}  // namespace spikeloom::arch
