// Speed and memory of networks that run step by step, on a 128-core Loihi-like chip with 4,096 to
// 131,072 neurons of which 15 percent fire in every step: each spike goes to 2 cores x 128
// synapses, or to 16 cores x 16. Every size runs in a process of its own, so that its memory is its
// own.
//
//     snn_bench CHIP.yaml [STEPS]        the curve
//     snn_bench --write DIR CHIP.yaml    the largest two networks, as YAML and as a list of edges
//                                        (core,neuron,core,neuron,weight) for other simulators, and
//                                        the chip that they are run on here
#include "arch/stepped_chip.hpp"
#include "base/files.hpp"
#include "base/schema.hpp"
#include "workloads/snn_connections.hpp"
#include "workloads/snn_layout.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <systemc>

namespace {

using namespace spikeloom;

constexpr int kCores = 128;

struct Pattern {
    const char* name;
    int clusters;
    int synapses;
};
constexpr Pattern kPatterns[] = {{"2 x 128", 2, 128}, {"16 x 16", 16, 16}};

/// `per_core` neurons on each core, of which 15 percent are sources that fire in every step; the
/// others receive and never fire.
std::string network_of(const Pattern& pattern, int per_core) {
    const int firing = std::max(1, per_core * 15 / 100);
    const int quiet = per_core - firing;
    const auto number = [](int n) { return std::to_string(n); };
    return "name: clusters " + std::string(pattern.name) +
           "\npopulations:\n"
           "  - {name: firing, neurons: " +
           number(firing * kCores) +
           ", model: regular, interval_ms: 1, core: 0, core_neurons: " + number(firing) +
           "}\n"
           "  - {name: quiet, neurons: " +
           number(quiet * kCores) +
           ", model: lif, threshold: 1.0e+9, core: 0, core_neurons: " + number(quiet) +
           "}\n"
           "connections:\n"
           "  - {from: firing, to: quiet, rule: clusters, clusters: " +
           number(pattern.clusters) + ", cluster_neurons: " + number(quiet) +
           ", cluster_synapses: " + number(std::min(pattern.synapses, quiet)) +
           ", weight: 0.1, weight_to: 1}\n";
}

double bytes_at_most() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

void measure(const arch::ChipConfig& config, const Pattern& pattern, int per_core, int steps) {
    const auto network =
        schema::read_string<workloads::SnnNetwork>(network_of(pattern, per_core), "network");
    const auto begin = std::chrono::steady_clock::now();
    workloads::SnnLayout layout = workloads::lay_out(network, config);
    const double synapses = static_cast<double>(layout.network.rows.synapses());
    arch::SteppedChip chip(config, std::move(layout.network), network.seed);
    const auto ready = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    for (int step = 0; step < steps; ++step) {
        chip.step();
    }
    const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    const auto end = std::chrono::steady_clock::now();
    const auto seconds = [](auto from, auto to) {
        return std::chrono::duration<double>(to - from).count();
    };
    const auto operations = static_cast<double>(chip.synaptic_operations());
    const arch::Counts counts = chip.snapshot();
    const double hops = static_cast<double>(counts.total(arch::Event::noc_flits_east_west) +
                                            counts.total(arch::Event::noc_flits_north_south));
    std::printf("%-8s %8d %9.0f %6.2f %10.2f %10.2f %10.2f %8.1f %7.2f\n", pattern.name,
                per_core * kCores, synapses, seconds(begin, ready),
                operations / seconds(ready, end) * 1e-6, operations / cpu_seconds * 1e-6,
                hops / cpu_seconds * 1e-6, bytes_at_most() * 1e-6, bytes_at_most() / synapses);
    std::fflush(stdout);
}

/// The chip of a file, with room for all synapses: targets are drawn, so some cores get more than
/// 128 KB of them.
arch::ChipConfig chip_of(const char* file) {
    auto chip = schema::read_file<arch::ChipConfig>(file);
    chip.core.synapse_bytes = std::max(chip.core.synapse_bytes, 1U << 18);
    return chip;
}

void write_networks(const std::string& folder, const arch::ChipConfig& chip) {
    write_file(folder + "/chip.yaml", schema::write(chip));
    for (const Pattern& pattern : kPatterns) {
        const std::string yaml = network_of(pattern, 1024);
        const std::string base = folder + "/" + std::to_string(pattern.clusters) + "x" +
                                 std::to_string(pattern.synapses);
        std::ofstream(base + ".yaml") << yaml;
        const auto network = schema::read_string<workloads::SnnNetwork>(yaml, "network");
        const workloads::ConnectionPairs pairs(network, 0, nullptr);
        std::ofstream edges(base + ".csv");
        edges << "pre_core,pre_neuron,post_core,post_neuron,weight\n";
        const std::uint32_t firing = network.populations[0].core_neurons;
        const std::uint32_t quiet = network.populations[1].core_neurons;
        std::vector<workloads::Reached> reached;
        for (std::uint32_t sender = 0; sender < network.populations[0].neurons; ++sender) {
            reached.clear();
            pairs.append(sender, reached);
            for (const workloads::Reached& to : reached) {
                edges << sender / firing << ',' << sender % firing << ',' << to.neuron / quiet
                      << ',' << firing + to.neuron % quiet << ',' << to.weight << '\n';
            }
        }
    }
}

}  // namespace

int sc_main(int argc, char* argv[]) {
    if (argc == 4 && std::strcmp(argv[1], "--write") == 0) {
        write_networks(argv[2], chip_of(argv[3]));
        return 0;
    }
    if (argc < 2 || argv[1][0] == '-') {
        std::fprintf(stderr,
                     "usage: snn_bench CHIP.yaml [STEPS] | snn_bench --write DIR CHIP.yaml\n");
        return 2;
    }
    const arch::ChipConfig chip = chip_of(argv[1]);
    const int steps = argc > 2 ? std::atoi(argv[2]) : 20;
    std::printf("%-8s %8s %9s %6s %10s %10s %10s %8s %7s\n", "spike to", "neurons", "synapses",
                "s load", "M ops/s", "M ops/CPUs", "M hops/CPUs", "MB", "B/syn");
    std::fflush(stdout);
    for (const Pattern& pattern : kPatterns) {
        for (int per_core = 32; per_core <= 1024; per_core *= 2) {
            if (const pid_t child = fork(); child == 0) {
                measure(chip, pattern, per_core, steps);
                std::_Exit(0);
            } else {
                int status = 0;
                waitpid(child, &status, 0);
            }
        }
    }
    return 0;
}

int main(int argc, char* argv[]) {
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    return sc_core::sc_elab_and_sim(argc, argv);
}
