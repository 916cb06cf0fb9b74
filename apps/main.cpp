// spikeloom's entry: finds the subcommand, runs it, turns the two kinds of failure into exit codes.
#include "apps/command.hpp"
#include "base/error.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <systemc>

namespace {

struct Entry {
    const char* name;
    spikeloom::apps::Command run;
    const char* about;
};

constexpr Entry kCommands[] = {
    {"demo", spikeloom::apps::run_demo,
     "train, compile, simulate and verify on real text, write a report"},
    {"tokenize", spikeloom::apps::run_tokenize, "turn a text into token ids, or back"},
    {"train", spikeloom::apps::run_train, "train a SpikeGPT on a text"},
    {"eval", spikeloom::apps::run_eval,
     "bits per token and byte, perplexities of a model on a text"},
    {"generate", spikeloom::apps::run_generate, "continue a prompt"},
    {"classify", spikeloom::apps::run_classify, "train and measure a classifier of texts"},
    {"check-golden", spikeloom::apps::run_check_golden,
     "compare with reference outputs and gradients"},
    {"import", spikeloom::apps::run_import, "turn a PyTorch checkpoint into a model"},
    {"quantize", spikeloom::apps::run_quantize, "turn a float model into the integer model"},
    {"map", spikeloom::apps::run_map, "compile an integer model onto a chip"},
    {"simulate", spikeloom::apps::run_simulate,
     "run a model on a chip, cycle by cycle, and verify it"},
    {"noc", spikeloom::apps::run_noc, "run synthetic or recorded traffic through a network"},
    {"snn", spikeloom::apps::run_snn, "run a generic spiking network on a chip, step by step"},
    {"validate", spikeloom::apps::run_validate,
     "published figures of silicon beside simulated ones"},
    {"report", spikeloom::apps::run_report, "one HTML report from finished runs"},
    {"figures", spikeloom::apps::run_figures, "the SpikeGPT paper's figures, made anew"},
    {"info", spikeloom::apps::run_info, "describe a model, a chip or a program"},
};

void print_usage(std::ostream& out) {
    out << "spikeloom: a cycle-accurate neuromorphic system simulator for SpikeGPT\n\n"
           "usage: spikeloom COMMAND [OPTIONS]; spikeloom COMMAND --help tells a command's "
           "options\n\n";
    for (const Entry& entry : kCommands) {
        const std::string name = entry.name;
        out << "  " << name << std::string(14 - name.size(), ' ') << entry.about << '\n';
    }
}

int dispatch(const std::vector<std::string>& words) {
    if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
        print_usage(words.empty() ? std::cerr : std::cout);
        return words.empty() ? 2 : 0;
    }
    if (words[0] == "--version") {
        std::cout << "spikeloom " SPIKELOOM_VERSION "\n";
        return 0;
    }
    for (const Entry& entry : kCommands) {
        if (words[0] == entry.name) {
            return entry.run({words.begin() + 1, words.end()});
        }
    }
    throw spikeloom::InputError("unknown command '" + words[0] +
                                "'; spikeloom --help lists the commands");
}

}  // namespace

int sc_main(int argc, char* argv[]) {
    try {
        return dispatch(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const spikeloom::InputError& error) {
        std::cerr << "spikeloom: " << error.what() << '\n';
        return 2;
    } catch (const spikeloom::CheckFailed& error) {
        std::cerr << "spikeloom: " << error.what() << '\n';
        return 1;
    } catch (const std::bad_alloc&) {
        std::cerr << "spikeloom: out of memory\n";
        return 2;
    }
}

int main(int argc, char* argv[]) {
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    return sc_core::sc_elab_and_sim(argc, argv);
}
