#include "apps/simulation.hpp"

#include "analysis/memory_traffic.hpp"
#include "apps/power_rows.hpp"
#include "apps/run_records.hpp"
#include "base/progress.hpp"
#include "models/operations.hpp"
#include "workloads/chrome_trace.hpp"
#include "workloads/session.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>
#include <span>
#include <utility>

namespace spikeloom::apps {

namespace {

constexpr std::uint32_t kTracedNeurons = 3;  // of each of the two sub-blocks that are shown

/// Cores that the Program gives nothing to do.
std::uint64_t idle_cores(const arch::ChipConfig& chip, const arch::Program& program) {
    std::set<arch::TileId> busy;
    for (const arch::Stage& stage : program.stages) {
        busy.insert(stage.tile);
    }
    return chip.cores() - busy.size();
}

analysis::Model model_record(const models::QuantisedModel& model) {
    const models::ModelConfig& config = model.config;
    analysis::Model record;
    record.name = "SpikeGPT";
    record.variant = models::name_of(config.variant);
    record.layers = config.layers;
    record.channels = config.channels;
    record.hidden = static_cast<int>(config.hidden());
    record.vocabulary = config.vocabulary;
    record.context = config.context;
    record.parameters = models::Parameters(config).count();
    record.weight_bits = model.head.weight_bits;
    const models::Operations operations = models::operations_of(config);
    record.macs_per_token = {{"time mix", operations.time_mix.multiplies},
                             {"channel mix", operations.channel_mix.multiplies},
                             {"head", operations.head.multiplies}};
    return record;
}

/// The two layers of neurons that the report shows, by their place among the watched outputs: the
/// first and the last.
std::vector<std::size_t> shown_neurons(const std::vector<workloads::WatchedOutput>& watched) {
    std::vector<std::size_t> neurons;
    for (std::size_t i = 0; i < watched.size(); ++i) {
        if (watched[i].spikes) {
            neurons.push_back(i);
        }
    }
    return {neurons.front(), neurons.back()};
}

/// "layer0.att"
std::string title_of(const workloads::WatchedOutput& output) {
    return output.name.substr(0, output.name.rfind('.'));
}

std::vector<workloads::NeuronId> traced_neurons(const models::ModelConfig& config) {
    const std::vector<workloads::WatchedOutput> watched = workloads::watched_outputs(config);
    std::vector<workloads::NeuronId> neurons;
    for (const std::size_t output : shown_neurons(watched)) {
        const auto width = static_cast<std::uint32_t>(watched[output].width);
        for (std::uint32_t i = 0; i < std::min(kTracedNeurons, width); ++i) {
            neurons.push_back({output, i * width / kTracedNeurons});
        }
    }
    return neurons;
}

void record_activity(const workloads::SessionResult& session, const models::ModelConfig& config,
                     analysis::Run& run) {
    const std::vector<workloads::WatchedOutput> watched = workloads::watched_outputs(config);
    for (std::size_t i = 0; i < watched.size(); ++i) {
        if (watched[i].spikes) {
            run.firing_rates.push_back({static_cast<int>(watched[i].layer),
                                        models::name_of(watched[i].site), session.firing_rates[i]});
        }
    }
    if (!session.spikes.empty()) {
        for (const std::size_t output : shown_neurons(watched)) {
            run.rasters.push_back({title_of(watched[output]),
                                   static_cast<std::uint32_t>(watched[output].width),
                                   session.spikes[output]});
        }
    }
    for (const auto& trace : session.membranes) {
        constexpr double kOne = models::fixed::kOne;
        analysis::MembraneTrace record{title_of(watched[trace.neuron.output]),
                                       trace.neuron.channel,
                                       trace.threshold / kOne,
                                       {}};
        for (const std::int32_t value : trace.values) {
            record.values.push_back(value / kOne);
        }
        run.membranes.push_back(std::move(record));
    }
}

}  // namespace

Simulated simulate(const arch::Program& program, const arch::ChipConfig& chip,
                   const models::QuantisedModel& model,
                   const std::vector<analysis::EnergyTable>& tables, const Simulation& asked) {
    const models::ModelConfig& config = model.config;
    workloads::SessionOptions options;
    options.prompt = asked.prompt;
    options.generate = asked.generate;
    models::Sampler sampler(asked.sampling, asked.seed);
    std::vector<float> logits;
    // A vocabulary may be padded: ids behind the tokenizer's last have no text.
    const auto choices = static_cast<std::size_t>(
        asked.tokenizer == nullptr ? config.vocabulary
                                   : std::min(config.vocabulary, asked.tokenizer->vocabulary()));
    options.next_token = [&](workloads::Logits fabric) {
        logits.assign(fabric.size(), 0.0F);
        for (std::size_t i = 0; i < fabric.size(); ++i) {
            logits[i] = static_cast<float>(fabric[i]) / static_cast<float>(models::fixed::kOne);
        }
        return sampler.sample(std::span<const float>(logits).first(choices));
    };
    if (asked.record_activity && config.spiking()) {
        options.keep_spikes = true;
        options.membranes = traced_neurons(config);
    }
    std::unique_ptr<workloads::ChromeTrace> trace;
    if (!asked.trace.empty()) {
        trace = std::make_unique<workloads::ChromeTrace>(program, chip);
        options.probe = trace.get();
    }
    options.keep_packets = asked.keep_packets;
    const analysis::Chip chip_of_run = chip_record(chip, idle_cores(chip, program));
    PowerRows power(tables.front(), chip_of_run.units);
    options.sample_cycles = asked.power_cycles;
    double sampled_until = 0.0;  // seconds
    options.sampler = [&](const arch::Counts& counts) {
        const std::optional<double> watts = power.add(counts);
        if (watts && trace) {
            trace->power(sampled_until, *watts);
        }
        sampled_until = counts.seconds;
    };
    Progress progress("simulating", "tokens", asked.prompt.size() + asked.generate);
    options.progress = [&](std::uint64_t done) { progress.update(done); };

    const auto start = std::chrono::steady_clock::now();
    workloads::SessionResult session = workloads::run_session(program, chip, model, options);
    progress.finish();
    if (trace) {
        trace->write(asked.trace);
    }
    Simulated result;
    analysis::Run& run = result.run;
    run.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    run.label = asked.label;
    run.kind = config.spiking() ? "spiking model, simulated" : "dense ANN twin, simulated";
    run.version = SPIKELOOM_VERSION;
    run.seed = asked.seed;
    run.commands = asked.commands;
    run.chip = chip_of_run;
    result.power_csv = power.csv();
    result.packets = std::move(session.packets);
    run.power = power.samples();
    run.model = model_record(model);
    for (const workloads::PhaseResult& phase : session.phases) {
        analysis::Phase record = phase_record(phase.name, phase.tokens, chip, phase.counts);
        record.cycles = phase.cycles;  // to the last result; its counts, until the chip is at rest
        record.seconds = phase.seconds;
        run.phases.push_back(std::move(record));
    }
    // Values that enter the residual stream in place of spikes are compared all the same, and
    // count among the mismatches.
    run.verification = {session.verification.spikes_compared, session.verification.logits_compared,
                        session.verification.mismatches};
    if (asked.tokenizer != nullptr) {
        run.prompt = asked.tokenizer->decode(asked.prompt);
        run.generated = asked.tokenizer->decode(session.generated);
    }
    if (config.spiking()) {
        record_activity(session, config, run);
    }
    run.energy_tables = tables;
    result.prompt_bits = session.prompt_bits;
    if (session.verification.first) {
        result.first_mismatch = session.verification.first->text();
    }
    return result;
}

nlohmann::ordered_json result_of(const Simulated& simulated) {
    nlohmann::ordered_json result =
        nlohmann::ordered_json::parse(analysis::result_json(simulated.run));
    for (const analysis::Phase& phase : simulated.run.phases) {
        const auto read = analysis::memory_traffic(phase, simulated.run.chip);
        if (read) {
            result["memory_reads"].push_back(
                {{"phase", phase.name},
                 {"bytes_per_token", read->bytes_per_token},
                 {"bytes_per_second", read->bytes_per_second},
                 {"share_of_peak", read->share_of_peak},
                 {"row_hit_rate", read->row_hit_rate ? nlohmann::ordered_json(*read->row_hit_rate)
                                                     : nlohmann::ordered_json()},
                 {"rows", read->rows},
                 {"rows_ahead", read->rows_ahead},
                 {"requests", read->requests},
                 {"wait_cycles", read->wait_cycles}});
        }
    }
    if (!simulated.first_mismatch.empty()) {
        result["first_mismatch"] = simulated.first_mismatch;
    }
    return result;
}

std::string summary_of(const analysis::Run& run) {
    std::string text;
    char line[160];
    for (const analysis::Phase& phase : run.phases) {
        std::snprintf(line, sizeof line, "%-9s %llu tokens, %.0f cycles a token, %.0f tokens/s",
                      phase.name.c_str(), static_cast<unsigned long long>(phase.tokens),
                      phase.cycles_per_token(), phase.tokens_per_second());
        text += line;
        for (const analysis::EnergyTable& table : run.energy_tables) {
            const analysis::EnergyBreakdown energy =
                analysis::price(phase.counts, table, phase.seconds, run.chip.units);
            std::snprintf(line, sizeof line, ", %.3g uJ a token (%s%s)",
                          1e6 * energy.joules / static_cast<double>(phase.tokens),
                          table.name.c_str(), energy.unpriced.empty() ? "" : ", incomplete");
            text += line;
        }
        text += "\n";
    }
    std::uint64_t saturations = 0;
    for (const analysis::Phase& phase : run.phases) {
        const analysis::EventCounts events = analysis::total(phase.counts);
        const auto found =
            events.find(std::string(arch::name_of(arch::Event::accumulator_saturations)));
        saturations += found == events.end() ? 0 : found->second;
    }
    if (saturations > 0) {
        std::snprintf(line, sizeof line,
                      "saturated %llu sums that core.accumulator_bits cannot hold\n",
                      static_cast<unsigned long long>(saturations));
        text += line;
    }
    const analysis::Verification& verified = run.verification;
    std::snprintf(line, sizeof line,
                  "verified  %llu spikes and %llu logits compared, %llu mismatches\n",
                  static_cast<unsigned long long>(verified.spikes_compared),
                  static_cast<unsigned long long>(verified.logits_compared),
                  static_cast<unsigned long long>(verified.mismatches));
    return text + line + warnings_of(run);
}

}  // namespace spikeloom::apps
