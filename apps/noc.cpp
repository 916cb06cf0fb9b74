// spikeloom noc: a network alone, under synthetic or recorded traffic.
#include "analysis/gnuplot.hpp"
#include "apps/command.hpp"
#include "apps/noc_options.hpp"
#include "apps/program_traffic.hpp"
#include "apps/run_inputs.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/progress.hpp"
#include "noc/experiment.hpp"
#include "noc/sweep.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

namespace spikeloom::apps {

namespace {

constexpr const char* kAboutNoc =
    "Runs synthetic or recorded traffic through a network, cycle by cycle, hosted in SystemC.\n"
    "Packets are created in the first warmup + cycles cycles, those after the warm-up are "
    "measured,\n"
    "then the network drains. A trace is measured whole and runs until drained. A packet's "
    "latency\n"
    "is the cycle in which its last flit is ejected minus the cycle of its creation. Options win\n"
    "over the file of --config, which wins over the network of --chip, which wins over the\n"
    "defaults. With --traffic program the model of --model runs on that chip first, and what its\n"
    "tiles sent one another is replayed. energy_j is dynamic energy alone,\n"
    "leakage_j the rest; the table's numbers are Noxim's unless the configuration has others.\n"
    "--sweep runs the configuration at rising loads until it is saturated. Links between chips "
    "and\n"
    "prices of events are keys of the file alone (`spikeloom info --keys noc`).";

template <class T>
nlohmann::ordered_json noc_or_null(const std::optional<T>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json noc_json(const noc::LatencyParts& parts) {
    return {{"source_queue", parts.source_queue},
            {"blocking", parts.blocking},
            {"pipeline", parts.pipeline},
            {"serialisation", parts.serialisation}};
}

nlohmann::ordered_json noc_json(const std::optional<noc::LatencySummary>& latency) {
    if (!latency) {
        return nullptr;
    }
    return {{"packets", latency->packets},
            {"average", latency->average},
            {"p50", latency->p50},
            {"p90", latency->p90},
            {"p95", latency->p95},
            {"p99", latency->p99},
            {"p999", latency->p999},
            {"max", latency->max},
            {"parts", noc_json(latency->parts)}};
}

nlohmann::ordered_json noc_json(const noc::NetworkEnergy& energy) {
    return {{"buffer_write", energy.buffer_write_j}, {"buffer_read", energy.buffer_read_j},
            {"crossbar", energy.crossbar_j},         {"routing", energy.routing_j},
            {"arbitration", energy.arbitration_j},   {"link", energy.link_j},
            {"interface", energy.interface_j},       {"leakage", energy.leakage_j}};
}

nlohmann::ordered_json noc_json(const noc::ExperimentResult& result) {
    const auto& latency = result.latency;
    const auto figure = [&](auto noc::LatencySummary::*member) {
        return latency ? nlohmann::ordered_json((*latency).*member)
                       : nlohmann::ordered_json(nullptr);
    };
    nlohmann::ordered_json json;
    json["packets"] = result.packets;
    json["latency_average"] = figure(&noc::LatencySummary::average);
    json["latency_p50"] = figure(&noc::LatencySummary::p50);
    json["latency_p95"] = figure(&noc::LatencySummary::p95);
    json["latency_p99"] = figure(&noc::LatencySummary::p99);
    json["latency_max"] = figure(&noc::LatencySummary::max);
    json["latency"] = noc_json(latency);
    json["latency_confidence"] = noc_or_null(result.confidence);
    json["converged"] = result.converged;
    json["hops_average"] = noc_or_null(result.hops_average);
    json["throughput"] = result.throughput;
    json["flit_hops"] = result.flit_hops;
    json["cycles"] = result.cycles;
    json["drained"] = result.drained;
    json["wall_seconds"] = result.wall_seconds;
    json["energy_j"] = result.energy.dynamic_j();
    json["leakage_j"] = result.energy.leakage_j;
    json["energy"] = noc_json(result.energy);
    json["energy_by_flit_width"] = result.energy.by_width;
    if (!result.by_class.empty()) {
        for (const auto& summary : result.by_class) {
            json["classes"].push_back(noc_json(summary));
        }
    }
    if (result.as_recorded) {
        json["retired_as_recorded"] = *result.as_recorded;
    }
    return json;
}

/// A figure for people: six digits are enough of it, and what there is none of is a dash.
std::string noc_figure(const nlohmann::ordered_json& value) {
    if (value.is_null()) {
        return "-";
    }
    if (!value.is_number_float()) {
        return value.is_string() ? value.get<std::string>() : value.dump();
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g", value.get<double>());
    return text.data();
}

void print_noc_row(const std::string& name, const std::string& text) {
    std::cout << name << std::string(name.size() < 23 ? 23 - name.size() : 1, ' ') << text << '\n';
}

/// The figures of an object in one row: "average 27.6, p50 26".
std::string noc_row(const nlohmann::ordered_json& object) {
    std::string row;
    for (const auto& [key, value] : object.items()) {
        row += (row.empty() ? "" : ", ") + key + " " +
               (value.is_object() ? "(" + noc_row(value) + ")" : noc_figure(value));
    }
    return row;
}

void print_noc(const nlohmann::ordered_json& result) {
    for (const auto& [key, value] : result.items()) {
        if (value.is_array()) {
            for (std::size_t i = 0; i < value.size(); ++i) {
                print_noc_row(key + " " + std::to_string(i),
                              value[i].is_object() ? noc_row(value[i]) : noc_figure(value[i]));
            }
        } else {
            print_noc_row(key, value.is_object() ? noc_row(value) : noc_figure(value));
        }
    }
}

void write_noc_tables(const std::filesystem::path& directory, const noc::ExperimentResult& result) {
    std::filesystem::create_directories(directory);
    const auto write = [&](const char* name, const std::string& text) {
        write_file(directory / name, text);
    };
    write("links.csv", noc::to_csv(result.links));
    write("routers.csv", noc::to_csv(result.routers));
    write("pairs.csv", noc::to_csv(result.pairs));
    write("histogram.csv", noc::to_csv(result.histogram));
    if (!result.samples.empty()) {
        write("samples.csv", noc::to_csv(result.samples));
    }
}

/// Latency and accepted load over offered load.
std::string sweep_plot(const noc::Sweep& sweep) {
    std::ostringstream script;
    script << "set xlabel 'offered load, flits a node a cycle'\n"
              "set ylabel 'mean latency, cycles'\n"
              "set y2label 'accepted load'\nset y2tics\nset ytics nomirror\n"
              "set key top left\nset yrange [0:*]\nset y2range [0:*]\n"
              "$points << EOD\n";
    for (const noc::SweepPoint& point : sweep.points) {
        if (point.latency) {
            script << point.offered << ' ' << point.latency->average << ' ' << point.accepted
                   << '\n';
        }
    }
    script << "EOD\n"
              "plot $points using 1:2 with linespoints pointtype 7 linecolor rgb '#1f77b4' title "
              "'latency', $points using 1:3 axes x1y2 with lines linecolor rgb '#ff7f0e' title "
              "'accepted load'\n";
    return analysis::gnuplot_svg(script.str(), {},
                                 "Mean latency and accepted load against offered load");
}

int run_noc_sweep(const noc::ExperimentConfig& config, const options::variables_map& values) {
    const double step = values["sweep-step"].as<double>();
    if (!(step >= 0.001 && step <= 1.0)) {
        throw InputError("--sweep-step: found " + std::to_string(step) +
                         "; allowed is a number from 0.001 to 1");
    }
    const int threads = values["threads"].as<int>();
    if (threads < 0) {
        throw InputError("--threads: found " + std::to_string(threads) + "; allowed is 0 or more");
    }
    const std::filesystem::path directory = values["sweep"].as<std::string>();
    const noc::Sweep sweep = noc::sweep(config, step, threads, [](const noc::SweepPoint& point) {
        std::cerr << "load " << point.offered << ": accepted " << point.accepted;
        if (point.latency) {
            std::cerr << ", latency " << point.latency->average;
        }
        std::cerr << (point.saturated ? ", saturated\n" : "\n");
    });
    std::filesystem::create_directories(directory);
    write_file(directory / "sweep.csv", noc::to_csv(sweep));
    write_file(directory / "sweep.svg", sweep_plot(sweep));
    nlohmann::ordered_json json;
    json["saturation_throughput"] = sweep.saturation_throughput;
    for (const noc::SweepPoint& point : sweep.points) {
        json["points"].push_back({{"offered", point.offered},
                                  {"accepted", point.accepted},
                                  {"latency", noc_json(point.latency)},
                                  {"confidence", noc_or_null(point.confidence)},
                                  {"converged", point.converged},
                                  {"saturated", point.saturated}});
    }
    write_json(values, json);
    if (!json_on_stdout(values)) {
        std::cout << noc::to_csv(sweep) << "saturation_throughput " << sweep.saturation_throughput
                  << '\n';
    }
    return 0;
}

/// What `--traffic program` needs and excludes, and what only it takes.
void refuse_mixtures(const options::variables_map& values,
                     const options::options_description& program_options) {
    if (!asks_for_program(values)) {
        for (const auto& option : program_options.options()) {
            if (values.count(option->long_name()) != 0) {
                throw InputError("noc: found --" + option->long_name() +
                                 "; allowed only with --traffic program");
            }
        }
        return;
    }
    if (values.count("chip") == 0) {
        throw InputError("noc: the option --chip is missing; --traffic program runs a model on it");
    }
    for (const char* other : {"trace", "sweep"}) {
        if (values.count(other) != 0) {
            throw InputError("noc: found --" + std::string(other) +
                             " with --traffic program; allowed is one of them");
        }
    }
}

}  // namespace

int run_noc(const std::vector<std::string>& arguments) {
    options::options_description described("options", 100);
    add_noc_options(described);
    const auto file = [](const char* name) {
        return options::value<std::string>()->value_name(name);
    };
    described.add_options()(
        "packets", file("FILE"),
        "write a row `id ctime src dst retire_cycle` for every packet delivered; FILE.bin: binary");
    described.add_options()("tables", file("DIR"),
                            "write links, routers, pairs, histogram and samples as CSV");
    described.add_options()("watch", options::value<std::uint64_t>()->value_name("PACKET"),
                            "tell the way of the packet of this id cycle by cycle");
    described.add_options()("sweep", file("DIR"),
                            "run at rising loads until saturated; write sweep.csv and sweep.svg");
    described.add_options()("sweep-step",
                            options::value<double>()->value_name("X")->default_value(0.02),
                            "distance of the loads of a sweep, flits a node a cycle");
    described.add_options()("threads", options::value<int>()->value_name("N")->default_value(0),
                            "threads of a sweep; 0: all");
    add_json_option(described);
    options::options_description program_options("with --traffic program", 100);
    add_run_options(program_options);
    described.add(program_options);
    options::variables_map values;
    if (!parse("noc", kAboutNoc, described, arguments, values)) {
        return 0;
    }
    refuse_mixtures(values, program_options);
    const noc::ExperimentConfig config = read_noc_config(values);
    if (values.count("sweep") != 0) {
        return run_noc_sweep(config, values);
    }

    noc::Keep keep;
    keep.rows = values.count("packets") != 0;
    keep.tables = values.count("tables") != 0;
    if (values.count("watch") != 0) {
        keep.watch = values["watch"].as<std::uint64_t>();
    }
    ProgramTraffic program;
    if (asks_for_program(values)) {
        program = record_program(values, config);
    }
    std::unique_ptr<Progress> progress;
    const noc::Observer observer = [&](noc::Cycle done, noc::Cycle known) {
        if (!progress) {
            progress = std::make_unique<Progress>("noc", "cycles", known);
        }
        progress->update(std::min(done, known), done, done > known ? "draining" : "");
    };
    // A packet is followed between the steps, for which SystemC leaves no room; and a process has
    // one SystemC design, which the chip was.
    const noc::Host host =
        keep.watch || asks_for_program(values) ? noc::Host::plain : noc::Host::systemc;
    const noc::ExperimentResult result =
        asks_for_program(values)
            ? noc::replay(config, std::move(program.packets), host, keep, observer)
            : noc::run_experiment(config, host, keep, observer);
    if (progress) {
        progress->finish();
    }
    if (keep.rows) {
        noc::write_trace(values["packets"].as<std::string>(), result.rows);
    }
    if (keep.tables) {
        write_noc_tables(values["tables"].as<std::string>(), result);
    }
    nlohmann::ordered_json json = noc_json(result);
    if (asks_for_program(values)) {
        json["program"] = program.about;
    }
    if (keep.watch) {
        json["watched"] = result.watched;
    }
    write_json(values, json);
    if (!json_on_stdout(values)) {
        json.erase("watched");
        for (const std::string& line : result.watched) {
            std::cout << line << '\n';
        }
        print_noc(json);
    }
    return 0;
}

}  // namespace spikeloom::apps
