// check-golden: SpikeGPT's outputs, spikes and gradients against those of another implementation.
#include "apps/command.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "models/golden.hpp"

#include <iostream>

namespace spikeloom::apps {

int run_check_golden(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()  //
        ("weights", options::value<std::string>()->value_name("FILE"),
         "the model (safetensors)")                                                           //
        ("golden", options::value<std::string>()->value_name("FILE"),                         //
         "tokens, targets, logits, loss, spikes.*, grad.* of the reference (docs/model.md)")  //
        ("threads", options::value<int>()->value_name("N")->default_value(0),                 //
         "0: one a processor");
    add_json_option(described);
    options::variables_map values;
    if (!parse("check-golden",
               "Runs a model forwards and backwards on the tokens of a golden file and compares. "
               "Exit code 1 where a logit is off by more than 1e-4, the loss by a relative 1e-5, a "
               "gradient by a relative 1e-3 (L2), or more than 1 in 10,000 spikes.",
               described, arguments, values)) {
        return 0;
    }
    const auto weights = required<std::string>(values, "weights");
    const auto golden = required<std::string>(values, "golden");
    const int threads = values["threads"].as<int>();
    if (threads < 0) {
        throw InputError("check-golden: --threads " + std::to_string(threads) +
                         "; a whole number of at least 0 is needed");
    }
    Workers workers(threads);
    const models::GoldenReport report = models::compare_with_golden(
        models::Parameters::load(weights), Safetensors::read(golden), workers);

    nlohmann::ordered_json gradients = nlohmann::ordered_json::object();
    for (const auto& [name, error] : report.grad_rel_l2) {
        gradients[name] = error;
    }
    if (!json_on_stdout(values)) {
        std::cout << "largest error of a logit: " << report.logits_max_abs_error
                  << " (the reference's logits have an RMS of " << report.logits_rms << ")\n"
                  << "relative error of the loss: " << report.loss_rel_error << "\n"
                  << "equal spikes: " << report.spike_agreement << "\n"
                  << "largest relative error of a gradient: " << report.grad_rel_l2_max << " of "
                  << report.grad_rel_l2.size() << "\n";
    }
    write_json(values, {{"logits_max_abs_error", report.logits_max_abs_error},
                        {"logits_rms", report.logits_rms},
                        {"loss_rel_error", report.loss_rel_error},
                        {"spike_agreement", report.spike_agreement},
                        {"grad_rel_l2", gradients},
                        {"grad_rel_l2_max", report.grad_rel_l2_max}});
    models::require_within(report, {});
    return 0;
}

}  // namespace spikeloom::apps
