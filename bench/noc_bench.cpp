// Speed of the network: cycles and flit hops a second, over load, size and router, plain steps
// beside the SystemC module; and its memory. Traffic generation is part of what is timed, building
// is not. `of_booksim2` is the rate as a multiple of the one BookSim2 (commit 28f4329) gave for the
// same configuration and load on another machine of the same class (2 vCPUs of an Intel Xeon,
// Sapphire Rapids), `of_noxim` of Noxim's (commit 4c8e72d): an indication, for they are not run
// beside.
#include "noc/experiment.hpp"
#include "noc/graph.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <string>

#include <benchmark/benchmark.h>
#include <systemc>

namespace spikeloom::noc {
namespace {

/// BookSim2's four-stage router with so many virtual channels of 4 flits.
ExperimentConfig four_stage(int vcs, int packet_flits) {
    ExperimentConfig config;
    config.network.vcs = vcs;
    config.traffic.packet_flits = packet_flits;
    return config;
}

/// The single-cycle router, two virtual channels of 4 flits, packets of four flits.
ExperimentConfig single_cycle() {
    ExperimentConfig config;
    config.network.vc_allocation_delay = 0;
    config.network.forward_delay = 1;
    config.network.credit_delay = 1;
    config.network.injection_delay = 1;
    config.network.vc_choice = VcChoice::per_flow;
    config.traffic.packet_flits = 4;
    return config;
}

/// Published cycles a second of a simulator: 4-slot buffers, uniform traffic, load in millionths.
struct Known {
    int side;
    int vcs;
    int packet_flits;
    std::int64_t load;
    double cycles_per_second;
};

// BookSim2, four stages.
constexpr std::array<Known, 8> kBookSim2 = {{
    {8, 1, 1, 100, 104e3},
    {16, 1, 1, 100, 20.9e3},  // between 19.8 and 22 thousand
    {8, 1, 1, 10'000, 44.8e3},
    {8, 1, 1, 50'000, 19.7e3},
    {8, 1, 1, 100'000, 11.0e3},
    {8, 2, 4, 50'000, 21.4e3},
    {8, 2, 4, 100'000, 13.9e3},
    {16, 2, 1, 50'000, 1.7e3},
}};
// Noxim, its own router of two cycles a hop.
constexpr std::array<Known, 6> kNoxim = {{
    {8, 1, 2, 100, 45e3},
    {16, 1, 2, 100, 4.6e3},
    {8, 1, 2, 10'000, 26.0e3},
    {8, 1, 2, 50'000, 13.6e3},
    {8, 1, 2, 100'000, 9.2e3},
    {16, 1, 2, 50'000, 1.5e3},
}};

template <class Table>
void compare(benchmark::State& state, const char* name, const Table& table, double cycles,
             const ExperimentConfig& config) {
    for (const Known& known : table) {
        if (known.side == state.range(0) && known.load == state.range(1) &&
            known.vcs == config.network.vcs && known.packet_flits == config.traffic.packet_flits &&
            config.network.forward_delay == 3) {
            state.counters[name] =
                benchmark::Counter(cycles / known.cycles_per_second, benchmark::Counter::kIsRate);
        }
    }
}

/// Arguments: routers in a row and a column; load in flits a node a cycle, in millionths.
void uniform(benchmark::State& state, ExperimentConfig config, Host host) {
    constexpr double kFlitsOfARun = 500'000.0;
    const auto side = static_cast<int>(state.range(0));
    config.network.width = side;
    config.network.height = side;
    config.traffic.rate = static_cast<double>(state.range(1)) * 1e-6;
    config.measure = std::clamp<Cycle>(
        static_cast<Cycle>(kFlitsOfARun / (config.traffic.rate * side * side)), 500, 4'000'000);
    config.drain_limit = 0;  // a saturated one would drain for long
    double flit_hops = 0;
    double cycles = 0;
    for (auto _ : state) {
        // SystemC elaborates once in a context; the old one cannot be destroyed and is left.
        sc_core::sc_curr_simcontext = new sc_core::sc_simcontext();
        sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
        const ExperimentResult result = run_experiment(config, host);
        flit_hops += static_cast<double>(result.flit_hops);
        cycles += static_cast<double>(result.cycles);
    }
    state.counters["flit_hops"] = benchmark::Counter(flit_hops, benchmark::Counter::kIsRate);
    state.counters["cycles"] = benchmark::Counter(cycles, benchmark::Counter::kIsRate);
    compare(state, "of_booksim2", kBookSim2, cycles, config);
    compare(state, "of_noxim", kNoxim, cycles, config);
}

/// What a mesh of two channels of 4 flits takes, a router, with a flit under way from every node.
void memory(benchmark::State& state) {
    const auto side = static_cast<int>(state.range(0));
    NetworkConfig config;
    config.width = side;
    config.height = side;
    double bytes = 0;
    for (auto _ : state) {
        const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        Network network(config);
        for (NodeId node = 0; node < network.graph().nodes(); ++node) {
            network.send({node, network.graph().nodes() - 1 - node, 1});
        }
        network.step();
        bytes = static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd - before);
    }
    state.counters["bytes_a_router"] = bytes / (side * side);
}

void register_all() {
    const auto add = [](const std::string& name, const ExperimentConfig& config) {
        const auto sweep = [&](const std::string& host_name, Host host) {
            benchmark::RegisterBenchmark((name + host_name).c_str(), uniform, config, host)
                ->ArgNames({"side", "load"})
                ->ArgsProduct({{8}, {100, 10'000, 50'000, 100'000, 200'000, 300'000}})
                ->Args({16, 100})
                ->Args({16, 50'000})
                ->ArgsProduct({{4, 8, 16, 32, 64}, {20'000}})
                ->Args({64, 100})
                ->Unit(benchmark::kMillisecond);
        };
        sweep("/plain", Host::plain);
        sweep("/systemc", Host::systemc);
    };
    add("four_stage/1x4/L1", four_stage(1, 1));
    add("four_stage/1x4/L2", four_stage(1, 2));
    add("four_stage/2x4/L1", four_stage(2, 1));
    add("four_stage/2x4/L4", four_stage(2, 4));
    add("single_cycle", single_cycle());
    benchmark::RegisterBenchmark("memory", memory)->ArgName("side")->Arg(8)->Arg(64);
}

}  // namespace
}  // namespace spikeloom::noc

int sc_main(int argc, char* argv[]) {
    spikeloom::noc::register_all();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

int main(int argc, char* argv[]) {
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    return sc_core::sc_elab_and_sim(argc, argv);
}
