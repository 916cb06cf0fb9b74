#include "workloads/session.hpp"

#include "arch/chip.hpp"
#include "base/error.hpp"
#include "models/evaluation.hpp"
#include "models/fixed_point.hpp"

#include <algorithm>
#include <utility>

#include <systemc>

namespace spikeloom::workloads {

namespace {

/// SystemC elaborates once a context. A session has one of its own, and what runs around it gets
/// its own back; the old one is left to leak, for destroying it is not supported (SystemC 2.3.4).
class OwnSimulation {
  public:
    OwnSimulation() : outer_(sc_core::sc_curr_simcontext) {
        sc_core::sc_curr_simcontext = new sc_core::sc_simcontext();
        sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
    }
    ~OwnSimulation() {
        sc_core::sc_curr_simcontext = outer_;
        sc_core::sc_default_global_context = outer_;
    }
    OwnSimulation(const OwnSimulation&) = delete;
    OwnSimulation& operator=(const OwnSimulation&) = delete;

  private:
    sc_core::sc_simcontext* outer_;
};

/// Shows the same to two probes, of which the second may be missing.
class BothProbes final : public arch::Probe {
  public:
    BothProbes(arch::Probe& first, arch::Probe* second) : first_(first), second_(second) {}
    void program_ended(const arch::ProgramRun& run) override {
        first_.program_ended(run);
        if (second_ != nullptr) {
            second_->program_ended(run);
        }
    }
    void emission_ended(const arch::EmissionRun& run) override {
        first_.emission_ended(run);
        if (second_ != nullptr) {
            second_->emission_ended(run);
        }
    }

  private:
    arch::Probe& first_;
    arch::Probe* second_;
};

void check(const arch::Program& program, const models::QuantisedModel& model,
           const SessionOptions& options) {
    const int vocabulary = model.config.vocabulary;
    if (program.host.result_length != static_cast<std::uint32_t>(vocabulary)) {
        throw InputError(
            "program '" + program.name + "' returns " + std::to_string(program.host.result_length) +
            " values a token; the model's vocabulary has " + std::to_string(vocabulary));
    }
    if (options.prompt.empty()) {
        throw InputError("the prompt is empty; at least one token is needed");
    }
    for (const int token : options.prompt) {
        if (token < 0 || token >= vocabulary) {
            throw InputError("token " + std::to_string(token) +
                             " of the prompt; the model's vocabulary is 0 to " +
                             std::to_string(vocabulary - 1));
        }
    }
}

double bits_of(Logits logits, int token) {
    std::vector<float> values(logits.size());
    std::transform(logits.begin(), logits.end(), values.begin(), [](std::int32_t logit) {
        return static_cast<float>(logit) / static_cast<float>(models::fixed::kOne);
    });
    return models::surprise_bits(values, token);
}

class Session {
  public:
    Session(const arch::Program& program, const arch::ChipConfig& config,
            const models::QuantisedModel& model, const SessionOptions& options)
        : options_(options),
          observer_(program, model.config),
          golden_(model, config.core.vector.functions),
          probes_(observer_, options.probe),
          chip_(config, program),
          tokens_(options.prompt),
          fired_(observer_.watched().size(), 0) {
        for (const NeuronId neuron : options.membranes) {
            observer_.follow(neuron);
        }
        if (options.keep_spikes) {
            result_.spikes.resize(fired_.size());
        }
        chip_.attach(&probes_);
        if (options.sample_cycles != 0) {
            chip_.sample(options.sample_cycles, options.sampler);
        }
        if (options.keep_packets) {
            chip_.keep_packets();
        }
        chip_.host().on_result([this](std::uint64_t step, Logits logits, arch::Cycle cycle) {
            finish_step(step, logits, cycle);
        });
    }

    SessionResult run() {
        const std::uint64_t known = tokens_.size();
        run_phase("prefill", known, [this] {
            for (const int token : options_.prompt) {
                chip_.host().feed_token(static_cast<std::uint32_t>(token));
            }
        });
        if (options_.generate > 0) {
            run_phase("generate", options_.generate, [this] { feed_next(); });
            // The first token is sent from rest; its share of the host's work belongs to it too.
            PhaseResult& phase = result_.phases.back();
            phase.cycles += chip_.config().host.latency;
            phase.seconds = seconds(phase.cycles);
        }
        result_.generated.assign(tokens_.begin() + static_cast<std::ptrdiff_t>(known),
                                 tokens_.end());
        result_.verification = golden_.result();
        for (const WatchedOutput& output : observer_.watched()) {
            result_.firing_rates.push_back(
                static_cast<double>(fired_[result_.firing_rates.size()]) /
                (static_cast<double>(tokens_.size()) * static_cast<double>(output.width)));
        }
        result_.membranes = observer_.membranes();
        const std::span<const noc::TraceRow> packets = chip_.packets();
        result_.packets.assign(packets.begin(), packets.end());
        return std::move(result_);
    }

  private:
    double seconds(std::uint64_t cycles) const {
        return static_cast<double>(cycles) / chip_.config().core_clock_hz;
    }

    template <class Feed>
    void run_phase(const char* name, std::uint64_t tokens, Feed&& feed) {
        const arch::Counts before = chip_.snapshot();
        const arch::Cycle start = chip_.now();
        feed();
        chip_.run();
        const std::uint64_t cycles = last_result_ - start;
        result_.phases.push_back(
            {name, tokens, cycles, seconds(cycles), chip_.snapshot() - before});
    }

    /// Chooses a token by the last logits and sends it.
    void feed_next() {
        tokens_.push_back(options_.next_token(last_logits_));
        chip_.host().feed_token(static_cast<std::uint32_t>(tokens_.back()));
    }

    void finish_step(std::uint64_t step, Logits logits, arch::Cycle cycle) {
        last_result_ = cycle;
        const std::vector<std::int32_t> outputs = observer_.take(step);
        golden_.compare(tokens_[step], outputs, logits);
        count(outputs);
        const std::uint64_t known = options_.prompt.size();
        if (step + 1 < known) {
            result_.prompt_bits += bits_of(logits, tokens_[step + 1]);
        } else {
            last_logits_.assign(logits.begin(), logits.end());
            if (step + 1 > known && tokens_.size() < known + options_.generate) {
                feed_next();
            }
        }
        if (options_.progress) {
            options_.progress(step + 1);
        }
    }

    void count(const std::vector<std::int32_t>& outputs) {
        const std::vector<WatchedOutput>& watched = observer_.watched();
        for (std::size_t i = 0; i < watched.size(); ++i) {
            std::vector<std::uint32_t> channels;
            for (std::size_t c = 0; c < watched[i].width; ++c) {
                if (outputs[watched[i].first + c] != 0) {
                    channels.push_back(static_cast<std::uint32_t>(c));
                }
            }
            fired_[i] += channels.size();
            if (options_.keep_spikes) {
                result_.spikes[i].push_back(std::move(channels));
            }
        }
    }

    const SessionOptions& options_;
    OwnSimulation simulation_;
    OutputObserver observer_;
    GoldenCheck golden_;
    BothProbes probes_;
    arch::Chip chip_;
    std::vector<int> tokens_;  // fed so far, or known
    std::vector<std::uint64_t> fired_;
    std::vector<std::int32_t> last_logits_;
    arch::Cycle last_result_ = 0;
    SessionResult result_;
};

}  // namespace

SessionResult run_session(const arch::Program& program, const arch::ChipConfig& chip,
                          const models::QuantisedModel& model, const SessionOptions& options) {
    check(program, model, options);
    return Session(program, chip, model, options).run();
}

}  // namespace spikeloom::workloads
