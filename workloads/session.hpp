// A session: a model runs on a chip, token by token, and every bit of it is verified.
//
// First the prompt, whose tokens are all known: prefill. They follow one another through the chip
// as closely as credits allow, and the logits of each come back. Then generation: each token waits
// for the logits of the one before. The two are phases with figures of their own.
#pragma once

#include "arch/config.hpp"
#include "arch/events.hpp"
#include "arch/probe.hpp"
#include "arch/program.hpp"
#include "models/quantised_model.hpp"
#include "noc/trace.hpp"
#include "workloads/golden_check.hpp"
#include "workloads/observer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace spikeloom::workloads {

/// Logits as they come from the fabric, Q.16.
using Logits = std::span<const std::int32_t>;

struct SessionOptions {
    std::vector<int> prompt;                // at least one token
    std::uint64_t generate = 0;             // tokens
    std::function<int(Logits)> next_token;  // needed to generate

    bool keep_spikes = false;         // all of them, for rasters
    std::vector<NeuronId> membranes;  // to be followed
    bool keep_packets = false;        // all of them, as a trace for the network alone
    arch::Probe* probe = nullptr;     // sees what the session sees
    std::uint64_t sample_cycles = 0;  // between samples of the counts; 0: none
    std::function<void(const arch::Counts&)> sampler;
    std::function<void(std::uint64_t)> progress;  // with the number of finished tokens
};

/// docs/mapping.md defines the cycles: a prefill lasts from the cycle its first token is sent in to
/// the one its last result is there; to a generation belongs the host's latency of every token.
struct PhaseResult {
    std::string name;  // "prefill", "generate"
    std::uint64_t tokens = 0;
    std::uint64_t cycles = 0;  // of the cores' clock
    double seconds = 0.0;
    arch::Counts counts;  // what happened, until the chip was at rest

    double cycles_per_token() const {
        return static_cast<double>(cycles) / static_cast<double>(tokens);
    }
};

struct SessionResult {
    std::vector<PhaseResult> phases;
    std::vector<int> generated;
    Verification verification;
    /// By watched output: the fraction of its neurons that fire at a token (of values: that are not
    /// 0).
    std::vector<double> firing_rates;
    /// -log2 of the probability the fabric's logits give each prompt token but the first, summed
    /// (models/evaluation.hpp).
    double prompt_bits = 0.0;

    /// [watched output][token]: the channels that fired; with keep_spikes.
    std::vector<std::vector<std::vector<std::uint32_t>>> spikes;
    std::vector<OutputObserver::MembraneTrace> membranes;
    std::vector<noc::TraceRow> packets;  // with keep_packets
};

/// Runs in a SystemC design of its own; any number of sessions may follow one another in a process.
/// A mismatch is no error here. Throws InputError for a Program that the chip or the model refuses
/// and for tokens outside the vocabulary, CheckFailed where the chip stalls.
SessionResult run_session(const arch::Program& program, const arch::ChipConfig& chip,
                          const models::QuantisedModel& model, const SessionOptions& options);

}  // namespace spikeloom::workloads
