// import: a PyTorch checkpoint of a SpikeGPT becomes a model that every other command takes.
#include "models/import.hpp"

#include "apps/command.hpp"
#include "base/error.hpp"
#include "base/pytorch_file.hpp"
#include "base/schema.hpp"
#include "models/carried_tokenizer.hpp"
#include "models/training_config.hpp"

#include <iostream>
#include <set>

namespace spikeloom::apps {

namespace {

using nlohmann::ordered_json;

/// The published models were trained on sequences of this length; tensors do not tell it.
constexpr int kPublishedContext = 1024;

models::ModelConfig import_constants(const options::variables_map& values) {
    if (values.count("config") != 0) {
        return schema::read_file<models::TrainingRun>(values["config"].as<std::string>()).model;
    }
    models::ModelConfig published;
    published.context = kPublishedContext;
    return published;
}

}  // namespace

int run_import(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                    //
        ("pth", options::value<std::string>()->value_name("FILE"),                             //
         "what torch.save wrote: a state dict, or a dict that holds one")                      //
        ("out", options::value<std::string>()->value_name("FILE"), "the model (safetensors)")  //
        ("state-dict", options::value<std::string>()->value_name("KEY")->default_value(""),    //
         "the key that leads to the state dict, where there are several; keys joined by /")    //
        ("config", options::value<std::string>()->value_name("YAML"),                          //
         "what tensors do not tell (variant, tau, threshold, context ...) from the section "   //
         "`model`; without it the published values")                                           //
        ("tokenizer", options::value<std::string>()->value_name("FILE"),                       //
         "the tokenizer that the model's ids are from; the model then carries it");
    add_json_option(described);
    options::variables_map values;
    if (!parse("import",
               "Turns a PyTorch checkpoint (zip format, since 1.6) of a SpikeGPT into a float "
               "model. Its pickle is read, never run: only tensors and containers are understood. "
               "Sizes come from the tensors' shapes.",
               described, arguments, values)) {
        return 0;
    }
    const auto out = required<std::string>(values, "out");
    const models::ImportOptions wanted{values["state-dict"].as<std::string>(),
                                       import_constants(values)};
    PytorchFile checkpoint = PytorchFile::open(required<std::string>(values, "pth"));
    const models::ImportPlan plan =
        models::plan_import(checkpoint.state_dicts(), wanted, checkpoint.origin());
    Safetensors file = models::import_checkpoint(checkpoint, plan);
    if (values.count("tokenizer") != 0) {
        const models::Tokenizer tokenizer =
            models::Tokenizer::load(values["tokenizer"].as<std::string>());
        models::require_vocabulary(tokenizer, plan.config.vocabulary, checkpoint.origin());
        models::carry_tokenizer(file, tokenizer.description());
    }
    file.write(out);

    std::size_t parameters = 0;
    std::set<std::string> types;
    for (const auto& [name, tensor] : plan.tensors) {
        parameters += tensor.elements();
        types.insert(name_of(tensor.dtype));
    }
    const models::ModelConfig& config = plan.config;
    if (!json_on_stdout(values)) {
        std::cout << out << ": " << plan.tensors.size() << " tensors, " << parameters
                  << " parameters; " << config.layers << " layers x " << config.channels
                  << " channels, vocabulary " << config.vocabulary << ", hidden " << config.hidden()
                  << "\n";
    }
    write_json(values, {{"model", out},
                        {"tensors", plan.tensors.size()},
                        {"parameters", parameters},
                        {"types", types},
                        {"state_dict", plan.state_dict},
                        {"layers", config.layers},
                        {"channels", config.channels},
                        {"vocabulary", config.vocabulary},
                        {"ffn_multiple", config.ffn_multiple},
                        {"tied_head", config.tied_head}});
    return 0;
}

}  // namespace spikeloom::apps
