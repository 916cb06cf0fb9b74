// Spiking networks from YAML: spike times worked out by hand, a membrane against its formula, and
// a random balanced network against an independent simulation.
#include "base/error.hpp"
#include "base/random.hpp"
#include "base/safetensors.hpp"
#include "tests/workloads/stepped_run.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::tests;

namespace {

std::string one_neuron(const std::string& keys) {
    return "populations:\n  - {name: N, neurons: 1, " + keys + "}\n";
}

Steps fires(const std::string& yaml, std::uint64_t steps, std::size_t population = 0) {
    SteppedRun run(yaml, two_tiles());
    run.run(steps);
    return run.times(population);
}

}  // namespace

TEST_CASE("a leaky neuron under constant drive fires when the exponential says so", "[snn]") {
    // v = 2 (1 - exp(-n / 10)) after n steps: 1 is passed at n = 10 ln 2 = 6.93, in step 6.
    const std::string keys = "model: lif, tau_ms: 10, bias: 2, threshold: 1";
    CHECK(fires(one_neuron(keys), 21) == Steps{6, 13, 20});
    // Three steps at reset, then seven again.
    CHECK(fires(one_neuron(keys + ", refractory_ms: 3"), 27) == Steps{6, 16, 26});
    // The same in steps of half a millisecond: 13.86.
    CHECK(fires("dt_ms: 0.5\n" + one_neuron(keys), 28) == Steps{13, 27});
    // From rest -1 to 1 with reset 0.5: at first 2 (1 - e^-x) = 1.5, then 0.5 + 0.5 (1 - e^-x).
    CHECK(
        fires(one_neuron("model: lif, tau_ms: 10, rest: -1, initial: -1, bias: 2.2, threshold: 1, "
                         "reset: 0.5"),
              45) == [] {
            Steps steps;
            double v = -1.0;
            for (std::uint64_t step = 0; step < 45; ++step) {
                v = 1.2 + (v - 1.2) * std::exp(-0.1);
                if (v >= 1.0) {
                    steps.push_back(step);
                    v = 0.5;
                }
            }
            return steps;
        }());
}

TEST_CASE("an adaptive neuron's threshold grows with its spikes", "[snn]") {
    // Growth 0.5 that hardly decays: 1 at 6.93, then 1.5 = 2 (1 - e^-x) at 13.86, then 2, never.
    CHECK(fires(one_neuron("model: adaptive, tau_ms: 10, bias: 2, threshold: 1, adaptation: 0.5, "
                           "tau_adaptation_ms: 1.0e+8"),
                100) == Steps{6, 20});
}

TEST_CASE("a neuron that does not leak counts", "[snn]") {
    CHECK(fires(one_neuron("model: non_leaky, bias: 1, threshold: 4"), 13) == Steps{3, 7, 11});
    // 0.75 a step, the overshoot kept: three spikes in every four steps.
    CHECK(fires(one_neuron("model: non_leaky, bias: 0.75, threshold: 1, subtract: true"), 8) ==
          Steps{1, 2, 3, 5, 6, 7});
}

TEST_CASE("spikes arrive after their delay and add up", "[snn]") {
    const std::string yaml =
        "populations:\n"
        "  - {name: S, neurons: 1, model: regular, interval_ms: 5, start_ms: 1}\n"
        "  - {name: A, neurons: 2, model: non_leaky, threshold: 2}\n"
        "  - {name: B, neurons: 1, model: non_leaky, threshold: 2}\n"
        "connections:\n"
        "  - {from: S, to: A, weight: 1, delay_ms: 2}\n"
        "  - {from: A, to: B, weight: 1, delay_ms: 3}\n";
    SteppedRun run(yaml, two_tiles());
    run.run(25);
    CHECK(run.times(0) == Steps{1, 6, 11, 16, 21});
    CHECK(run.times(1, 0) == Steps{8, 18});  // the second spike of each pair, two steps later
    CHECK(run.times(1, 1) == Steps{8, 18});
    CHECK(run.times(2) == Steps{11, 21});  // both of A arrive together
    CHECK(run.chip->synaptic_operations() == 5 * 2 + 2 * 2);
}

TEST_CASE("delays belong to the synapse", "[snn]") {
    // One sender, 6 receivers, delays 1 to 6 drawn: each fires that much later.
    const std::string yaml =
        "populations:\n"
        "  - {name: S, neurons: 1, model: regular, interval_ms: 100}\n"
        "  - {name: R, neurons: 50, model: non_leaky, threshold: 1}\n"
        "connections:\n"
        "  - {from: S, to: R, weight: 1, delay_ms: 1, delay_to_ms: 6}\n";
    SteppedRun run(yaml, two_tiles());
    run.run(10);
    std::vector<int> counts(10);
    for (std::size_t i = 0; i < 50; ++i) {
        REQUIRE(run.times(1, i).size() == 1);
        ++counts[run.times(1, i)[0]];
    }
    CHECK(counts[0] == 0);
    CHECK(counts[7] == 0);
    for (int delay = 1; delay <= 6; ++delay) {
        CHECK(counts[delay] > 0);
    }
}

TEST_CASE("a current decays and drives the membrane", "[snn]") {
    // It halves every step: the membrane gets 1, 0.5, 0.25: 1.7 is passed with the third.
    const std::string yaml =
        "populations:\n"
        "  - {name: S, neurons: 1, model: regular, interval_ms: 100}\n"
        "  - {name: N, neurons: 1, model: non_leaky, synapse: current, tau_excitatory_ms: "
        "1.442695, "
        "threshold: 1.7}\n"
        "connections:\n"
        "  - {from: S, to: N, weight: 1, delay_ms: 2}\n";
    CHECK(fires(yaml, 10, 1) == Steps{4});
}

TEST_CASE("conductances drive the membrane to their potentials", "[snn]") {
    const std::string yaml =
        "populations:\n"
        "  - {name: S, neurons: 1, model: regular, interval_ms: 100}\n"
        "  - {name: N, neurons: 1, model: lif, synapse: conductance, tau_ms: 20, rest: -60, "
        "initial: "
        "-60, threshold: 0, reset: -60, reversal_excitatory: 10, reversal_inhibitory: -80, "
        "tau_excitatory_ms: 5, tau_inhibitory_ms: 10}\n"
        "connections:\n"
        "  - {from: S, to: N, weight: 0.5}\n"
        "  - {from: S, to: N, weight: 0.25, delay_ms: 3, receptor: inhibitory}\n";
    SteppedRun run(yaml, two_tiles());
    double v = -60.0, excitatory = 0.0, inhibitory = 0.0;
    for (int step = 0; step < 12; ++step) {
        run.run(1);
        excitatory = excitatory * std::exp(-1.0 / 5) + (step == 1 ? 0.5 : 0.0);
        inhibitory = inhibitory * std::exp(-1.0 / 10) + (step == 3 ? 0.25 : 0.0);
        const double total = 1 + excitatory + inhibitory;
        const double towards = (-60 + excitatory * 10 + inhibitory * -80) / total;
        v = towards + (v - towards) * std::exp(-total / 20);
        CHECK(run.chip->membrane(run.layout.places[1][0]) == Approx(v).epsilon(1e-5));
    }
}

TEST_CASE("random sources keep their rates", "[snn]") {
    const std::string yaml =
        "dt_ms: 0.5\n"
        "populations:\n"
        "  - {name: P, neurons: 500, model: poisson, rate_hz: 40}\n"
        "  - {name: N, neurons: 500, model: non_leaky, threshold: 4, subtract: true, noise_hz: "
        "5000, "
        "noise_weight: 0.1}\n";
    SteppedRun run(yaml, two_tiles());
    run.run(1000);  // half a second
    std::uint64_t sources = 0;
    for (const auto& spike : run.spikes) {
        sources += run.layout.population_of[spike.second] == 0 ? 1 : 0;
    }
    // 10,000 +- 100 spikes; the others count 500 noise events a second and fire at every 40th.
    CHECK(sources == Approx(500 * 40 * 0.5).epsilon(0.04));
    CHECK(run.spikes.size() - sources == Approx(500 * 5000 * 0.5 * 0.1 / 4).epsilon(0.02));
}

TEST_CASE("weights are counted in units that their bits can hold", "[snn]") {
    const auto yaml = [](const std::string& a, const std::string& b) {
        return "populations:\n"
               "  - {name: S, neurons: 1, model: regular, interval_ms: 100}\n"
               "  - {name: N, neurons: 1, model: non_leaky, threshold: 1000}\n"
               "connections:\n  - {from: S, to: N, weight: " +
               a + "}\n  - {from: S, to: N, weight: " + b + "}\n";
    };
    const auto sum = [&](const std::string& a, const std::string& b, std::uint32_t bits) {
        arch::ChipConfig chip = two_tiles();
        chip.stepped.weight_bits = bits;
        SteppedRun run(yaml(a, b), chip);
        run.run(2);
        return run.chip->membrane(run.layout.places[1][0]);
    };
    CHECK(sum("0.1", "-0.5", 8) == Approx(-0.4));  // 1 and -5 units of 0.1
    CHECK(sum("0.1", "-0.5", 4) == Approx(-0.4));
    // Three bits hold -4 to 3: the larger is 3 units, the smaller 0.6 of one: 1.
    CHECK(sum("0.1", "-0.5", 3) == Approx(-0.5 + 0.5 / 3).epsilon(1e-5));
    CHECK(sum("0.5", "-0.5", 2) == Approx(0.0).margin(1e-9));
    CHECK(sum("0.25", "0.25", 1) == Approx(0.5));
    CHECK_THROWS_WITH(sum("0.25", "-0.25", 1), Catch::Contains("one weight a population"));
}

TEST_CASE("a step's sums saturate at the accumulator's width and are counted", "[snn]") {
    const auto run_with = [](int excitatory, int inhibitory) {
        const std::string yaml =
            "populations:\n"
            "  - {name: S, neurons: " +
            std::to_string(excitatory) +
            ", model: regular, interval_ms: 100}\n"
            "  - {name: I, neurons: " +
            std::to_string(inhibitory) +
            ", model: regular, interval_ms: 100}\n"
            "  - {name: N, neurons: 1, model: non_leaky, threshold: 1000}\n"
            "connections:\n"
            "  - {from: S, to: N, weight: 1}\n"
            "  - {from: I, to: N, weight: -1}\n";
        arch::ChipConfig chip = two_tiles();
        chip.stepped.accumulator_bits = 4;  // -8 to 7
        SteppedRun run(yaml, chip);
        run.run(2);
        return std::pair(run.chip->membrane(run.layout.places[2][0]),
                         run.total(arch::Event::accumulator_saturations));
    };
    CHECK(run_with(8, 1) == std::pair(7.0F, std::uint64_t{0}));
    CHECK(run_with(9, 1) == std::pair(7.0F, std::uint64_t{1}));
    CHECK(run_with(1, 9) == std::pair(-8.0F, std::uint64_t{0}));
    CHECK(run_with(1, 10) == std::pair(-8.0F, std::uint64_t{1}));
    // In between these go beyond what fits, in whatever order they come; at the end they do not.
    CHECK(run_with(20, 20) == std::pair(0.0F, std::uint64_t{0}));
}

TEST_CASE("every rule connects the pairs it names", "[snn]") {
    const auto synapses = [](const std::string& rule) {
        const std::string yaml =
            "populations:\n"
            "  - {name: A, neurons: 60, model: regular, interval_ms: 100}\n"
            "  - {name: B, neurons: 60, model: non_leaky, threshold: 1000}\n"
            "connections:\n  - {from: A, to: B, " +
            rule + "}\n";
        SteppedRun run(yaml, two_tiles());
        run.run(1);
        return run.chip->synaptic_operations();
    };
    CHECK(synapses("rule: all_to_all") == 3600);
    CHECK(synapses("rule: one_to_one") == 60);
    CHECK(synapses("rule: probability, probability: 1") == 3600);
    CHECK(synapses("rule: probability, probability: 0") == 0);
    const std::uint64_t some = synapses("rule: probability, probability: 0.25");
    CHECK(some > 900 - 5 * 26);  // five standard deviations
    CHECK(some < 900 + 5 * 26);
    CHECK(synapses("rule: indegree, indegree: 7") == 420);
    CHECK(synapses("rule: clusters, clusters: 2, cluster_neurons: 20, cluster_synapses: 5") == 600);
    CHECK(synapses("rule: clusters, clusters: 3, cluster_neurons: 20, cluster_synapses: 9") ==
          1620);
    CHECK(synapses("rule: clusters, clusters: 1, cluster_neurons: 20, cluster_synapses: 20, "
                   "cluster_shift: 1") == 1200);
}

namespace {

/// Brunel's network (Journal of Computational Neuroscience 8, 2000) at a tenth of its size, its
/// weights larger by the root of that.
struct Brunel {
    static constexpr int kExcitatory = 800, kInhibitory = 200, kSteps = 6000;
    static constexpr double kDt = 0.1, kWeight = 0.3, kRatio = 5.0, kNoiseHz = 5600.0;
    static constexpr int kNeurons = kExcitatory + kInhibitory;
    std::vector<std::uint32_t> pre, post;

    Brunel() {
        std::mt19937 random(7);
        for (std::uint32_t to = 0; to < kNeurons; ++to) {
            for (int i = 0; i < 80 + 20; ++i) {
                const bool excitatory = i < 80;
                const auto from = static_cast<std::uint32_t>(
                    excitatory ? random() % kExcitatory : kExcitatory + random() % kInhibitory);
                pre.push_back(from);
                post.push_back(to);
            }
        }
    }

    /// Spikes, by a plain loop in double precision with its own random numbers.
    std::uint64_t simulate() const {
        std::mt19937_64 random(11);
        std::poisson_distribution<int> noise(kNoiseHz * kDt / 1000.0);
        std::vector<std::vector<std::uint32_t>> targets(kNeurons);
        for (std::size_t i = 0; i < pre.size(); ++i) {
            targets[pre[i]].push_back(post[i]);
        }
        constexpr int kDelay = 15, kRefractory = 20;
        std::vector<std::vector<double>> arriving(kDelay + 1, std::vector<double>(kNeurons));
        std::vector<double> v(kNeurons);
        std::vector<int> rests(kNeurons);
        std::uint64_t spikes = 0;
        const double keep = std::exp(-kDt / 20.0);
        for (int step = 0; step < kSteps; ++step) {
            std::vector<double>& now = arriving[static_cast<std::size_t>(step % (kDelay + 1))];
            std::vector<double>& later =
                arriving[static_cast<std::size_t>((step + kDelay) % (kDelay + 1))];
            for (std::uint32_t n = 0; n < kNeurons; ++n) {
                v[n] = v[n] * keep + now[n] + kWeight * noise(random);
                now[n] = 0.0;
                if (rests[n] > 0) {
                    v[n] = 10.0;
                    --rests[n];
                } else if (v[n] >= 20.0) {
                    v[n] = 10.0;
                    rests[n] = kRefractory;
                    ++spikes;
                    for (const std::uint32_t to : targets[n]) {
                        later[to] += n < kExcitatory ? kWeight : -kRatio * kWeight;
                    }
                }
            }
        }
        return spikes;
    }
};

}  // namespace

TEST_CASE("a network's spikes do not depend on the chip it runs on", "[snn]") {
    const std::string yaml =
        "populations:\n"
        "  - {name: P, neurons: 60, model: poisson, rate_hz: 100}\n"
        "  - {name: E, neurons: 90, model: lif, tau_ms: 10, threshold: 3, initial_spread: 3, "
        "noise_hz: 200, noise_weight: 0.5}\n"
        "connections:\n"
        "  - {from: P, to: E, rule: probability, probability: 0.2, weight: 1, delay_to_ms: 5}\n"
        "  - {from: E, to: E, rule: indegree, indegree: 10, weight: -1, delay_ms: 2}\n";
    const auto times = [&](const arch::ChipConfig& chip) {
        SteppedRun run(yaml, chip);
        run.run(60);
        std::vector<Steps> result;
        for (std::size_t neuron = 0; neuron < 90; ++neuron) {
            result.push_back(run.times(1, neuron));
        }
        return result;
    };
    arch::ChipConfig board = two_tiles();
    board.network.width = 4;
    board.network.height = 4;
    board.stepped.cores_per_tile = 2;
    board.stepped.neurons = 8;
    const std::vector<Steps> on_two = times(two_tiles());
    CHECK(on_two == times(board));
    CHECK(std::any_of(on_two.begin(), on_two.end(), [](const Steps& t) { return t.size() > 1; }));
}

TEST_CASE("Brunel's balanced network fires at the rate of an independent simulation", "[snn]") {
    const Brunel brunel;
    std::vector<float> weights;
    for (const std::uint32_t from : brunel.pre) {
        weights.push_back(static_cast<float>(
            from < Brunel::kExcitatory ? Brunel::kWeight : -Brunel::kRatio * Brunel::kWeight));
    }
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("brunel-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    Safetensors tensors;
    tensors.add<std::uint32_t>("all.pre", {brunel.pre.size()}, brunel.pre);
    tensors.add<std::uint32_t>("all.post", {brunel.post.size()}, brunel.post);
    tensors.add<float>("all.weight", {weights.size()}, weights);
    tensors.write(folder / "brunel.safetensors");
    auto network = schema::read_string<workloads::SnnNetwork>(
        "dt_ms: 0.1\ntensors: brunel.safetensors\n"
        "populations:\n"
        "  - {name: N, neurons: 1000, model: lif, tau_ms: 20, threshold: 20, reset: 10, "
        "refractory_ms: 2, noise_hz: 5600, noise_weight: 0.3}\n"
        "connections:\n"
        "  - {from: N, to: N, rule: tensors, tensors: all, delay_ms: 1.5}\n",
        "test");
    network.folder = folder;
    arch::ChipConfig chip = two_tiles();
    chip.core.synapse_bytes = 1 << 20;
    SteppedRun run(network, chip);
    std::filesystem::remove_all(folder);
    run.run(Brunel::kSteps);
    const auto expected = static_cast<double>(brunel.simulate());
    CAPTURE(expected / (Brunel::kNeurons * Brunel::kSteps * Brunel::kDt * 1e-3));
    REQUIRE(expected > 5000);
    CHECK(static_cast<double>(run.spikes.size()) == Approx(expected).epsilon(0.02));
}

TEST_CASE("a description with a mistake is refused where it stands", "[snn]") {
    const auto refused = [](const std::string& yaml) {
        try {
            SteppedRun run(yaml, two_tiles());
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK_THAT(refused("populations:\n  - {name: A, neurons: 1, tresh: 2}\n"),
               Catch::Contains("test:2") && Catch::Contains("threshold"));
    CHECK_THAT(refused(one_neuron("model: lif") + "connections:\n  - {from: N, to: M}\n"),
               Catch::Contains("no such population"));
    CHECK_THAT(refused("populations:\n  - {name: A, neurons: 1}\n  - {name: A, neurons: 1}\n"),
               Catch::Contains("two are called 'A'"));
    CHECK_THAT(refused(one_neuron("model: poisson, rate_hz: 1001")),
               Catch::Contains("more than a spike a step"));
    CHECK_THAT(refused(one_neuron("model: regular") + "connections:\n  - {from: N, to: N}\n"),
               Catch::Contains("is a source"));
    CHECK_THAT(refused("populations:\n  - {name: A, neurons: 2}\n  - {name: B, neurons: 3}\n"
                       "connections:\n  - {from: A, to: B, rule: one_to_one}\n"),
               Catch::Contains("one_to_one from 2 to 3"));
}

TEST_CASE("damaged descriptions are refused or read, never worse", "[snn]") {
    const std::string whole =
        "name: net\ndt_ms: 0.5\nseed: 3\npopulations:\n"
        "  - {name: S, neurons: 3, model: poisson, rate_hz: 100}\n"
        "  - {name: N, neurons: 5, model: adaptive, adaptation: 0.5, synapse: current}\n"
        "connections:\n  - {from: S, to: N, rule: probability, probability: 0.5, weight: 0.5}\n";
    Random random(5);
    for (int i = 0; i < 300; ++i) {
        std::string text = whole;
        for (std::uint64_t changes = 1 + random.below(3); changes != 0; --changes) {
            text[random.below(text.size())] = static_cast<char>(32 + random.below(95));
        }
        try {
            const auto network = schema::read_string<workloads::SnnNetwork>(text, "fuzz");
            std::uint64_t neurons = 0;
            for (const auto& population : network.populations) {
                neurons += population.neurons;
            }
            if (neurons < 1000) {
                SteppedRun run(network, two_tiles());
                run.run(2);
            }
        } catch (const InputError&) {
        }
    }
}
