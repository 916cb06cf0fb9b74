#include "apps/snn_run.hpp"

#include "analysis/pricing.hpp"
#include "apps/power_rows.hpp"
#include "apps/run_records.hpp"
#include "arch/stepped_chip.hpp"
#include "base/schema.hpp"
#include "workloads/snn_layout.hpp"

#include <algorithm>
#include <chrono>

namespace spikeloom::apps {

namespace {

constexpr double kSecondsPerMillisecond = 1e-3;

/// By place on the chip, the neuron's number in its population.
std::vector<std::uint32_t> numbers_of(const workloads::SnnLayout& layout) {
    std::vector<std::uint32_t> numbers(layout.population_of.size());
    for (const auto& places : layout.places) {
        for (std::uint32_t i = 0; i < places.size(); ++i) {
            numbers[places[i]] = i;
        }
    }
    return numbers;
}

}  // namespace

SnnResult run_network(const SnnRequest& asked) {
    SnnResult result;
    workloads::SnnLayout layout = workloads::lay_out(asked.network, asked.chip);
    const std::vector<workloads::Population>& populations = asked.network.populations;
    const auto idle = static_cast<std::uint64_t>(
        std::count_if(layout.network.cores.begin(), layout.network.cores.end(),
                      [](const arch::CoreNeurons& core) { return core.neurons == 0; }));
    result.neurons = layout.network.neurons();
    result.synapses = layout.network.rows.synapses();
    result.synapse_bytes =
        layout.network.rows.bytes() + layout.network.axons.size() * sizeof(layout.network.axons[0]);
    result.run.chip = stepped_chip_record(asked.chip, idle);
    std::vector<std::uint64_t> spikes(populations.size());
    const std::vector<std::uint32_t> numbers =
        asked.keep_spikes ? numbers_of(layout) : std::vector<std::uint32_t>();
    if (asked.keep_spikes) {
        result.spikes_csv = "step,population,neuron\n";
    }

    arch::SteppedChip chip(asked.chip, std::move(layout.network), asked.network.seed);
    chip.observe([&](std::uint64_t step, std::span<const arch::NeuronId> fired) {
        for (const arch::NeuronId neuron : fired) {
            const std::uint16_t population = layout.population_of[neuron];
            ++spikes[population];
            if (asked.keep_spikes) {
                result.spikes_csv += std::to_string(step) + "," + populations[population].name +
                                     "," + std::to_string(numbers[neuron]) + "\n";
            }
        }
    });
    PowerRows power(asked.tables.front(), result.run.chip.units);
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t step = 0; step < asked.steps; ++step) {
        chip.step();
        asked.progress(step + 1);
        if (asked.power_steps != 0 &&
            ((step + 1) % asked.power_steps == 0 || step + 1 == asked.steps)) {
            power.add(chip.snapshot());
        }
    }
    result.run.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

    const double seconds =
        static_cast<double>(asked.steps) * asked.network.dt_ms * kSecondsPerMillisecond;
    for (std::size_t p = 0; p < populations.size(); ++p) {
        result.populations.push_back(
            {populations[p].name, populations[p].neurons, spikes[p],
             static_cast<double>(spikes[p]) / (seconds * populations[p].neurons)});
    }
    result.spikes = chip.spikes();
    result.synaptic_operations = chip.synaptic_operations();
    result.power_csv = power.csv();

    analysis::Run& run = result.run;
    run.power = power.samples();
    run.label = asked.network.name;
    run.kind = "spiking network, simulated";
    run.version = SPIKELOOM_VERSION;
    run.seed = asked.network.seed;
    run.commands = asked.commands;
    run.model.name = asked.network.name;
    run.model.variant = "spiking network";
    run.model.weight_bits = static_cast<int>(asked.chip.stepped.weight_bits);
    run.model.parameters = result.synapses;
    run.phases.push_back(phase_record("steps", asked.steps, asked.chip, chip.snapshot()));
    run.energy_tables = asked.tables;
    run.config_yaml = schema::write(asked.chip);
    return result;
}

nlohmann::ordered_json snn_json(const SnnResult& result) {
    const analysis::Run& run = result.run;
    const analysis::Phase& phase = run.main_phase();
    const analysis::EnergyBreakdown energy =
        analysis::price(phase.counts, run.energy_tables.front(), phase.seconds, run.chip.units);
    nlohmann::ordered_json json;
    json["network"] = run.label;
    json["chip"] = run.chip.name;
    json["neurons"] = result.neurons;
    json["synapses"] = result.synapses;
    json["steps"] = phase.tokens;
    json["spikes"] = result.spikes;
    json["synaptic_operations"] = result.synaptic_operations;
    json["cycles"] = phase.cycles;
    json["seconds_simulated"] = phase.seconds;
    json["energy_j"] = energy.joules;
    json["power_w"] = phase.seconds > 0.0 ? energy.joules / phase.seconds : 0.0;
    json["energy_table"] = energy.table;
    for (std::size_t c = 0; c < analysis::kComponents; ++c) {
        json["energy"][std::string(name_of(static_cast<analysis::Component>(c)))] =
            energy.components[c];
    }
    json["unpriced_events"] = energy.unpriced;
    json["without_static_power"] = energy.without_static_power;
    json["populations"] = nlohmann::ordered_json::array();
    for (const SnnResult::PopulationSpikes& population : result.populations) {
        json["populations"].push_back({{"name", population.name},
                                       {"neurons", population.neurons},
                                       {"spikes", population.spikes},
                                       {"rate_hz", population.rate_hz}});
    }
    json["events"] = analysis::total(phase.counts);
    json["wall_seconds"] = run.wall_seconds;
    json["synaptic_operations_per_second"] =
        run.wall_seconds > 0.0 ? static_cast<double>(result.synaptic_operations) / run.wall_seconds
                               : 0.0;
    json["bytes_per_synapse"] = result.synapses == 0 ? 0.0
                                                     : static_cast<double>(result.synapse_bytes) /
                                                           static_cast<double>(result.synapses);
    return json;
}

}  // namespace spikeloom::apps
