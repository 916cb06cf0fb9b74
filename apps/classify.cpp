// classify: labelled texts and a configuration become a classifier and its accuracy on a test set;
// a finished classifier is measured on another.
#include "apps/command.hpp"
#include "apps/text_input.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "base/safetensors.hpp"
#include "base/schema.hpp"
#include "models/classifier_trainer.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>

namespace spikeloom::apps {

namespace {

using models::LabelledText;
using nlohmann::ordered_json;

/// Stream of the seed that chooses validation texts.
constexpr std::uint64_t kSplitStream = 13;

struct TrainingTexts {
    std::vector<LabelledText> training;
    std::vector<LabelledText> valid;
};

models::LabelledColumns columns_of(const options::variables_map& values) {
    return {values["label-column"].as<std::string>(), values["text-column"].as<std::string>()};
}

/// The training texts, and those that choose the epoch: of --valid, or a random part of --train.
TrainingTexts training_texts(const options::variables_map& values,
                             const models::ClassifierConfig& config) {
    const auto path = values["train"].as<std::string>();
    TrainingTexts texts;
    texts.training = models::read_labelled_text(path, columns_of(values));
    if (values.count("valid") != 0) {
        texts.valid =
            models::read_labelled_text(values["valid"].as<std::string>(), columns_of(values));
        return texts;
    }
    Random random(config.seed, kSplitStream);
    for (std::size_t i = texts.training.size(); i > 1; --i) {
        std::swap(texts.training[i - 1], texts.training[random.below(i)]);
    }
    const auto held_out = static_cast<std::size_t>(config.validation_fraction *
                                                   static_cast<double>(texts.training.size()));
    const auto first =
        texts.training.end() - static_cast<std::ptrdiff_t>(std::max<std::size_t>(held_out, 1));
    texts.valid.assign(first, texts.training.end());
    texts.training.erase(first, texts.training.end());
    if (texts.training.empty()) {
        throw InputError(path + ": one text alone; --valid is needed to choose the epoch by");
    }
    return texts;
}

/// What turns texts into ids: the words of the training texts, or a tokenizer.
models::TextEncoder encoder_for(const options::variables_map& values,
                                const models::ClassifierConfig& config,
                                const std::vector<LabelledText>& training,
                                const std::optional<Safetensors>& start) {
    if (config.tokens == models::TokenUnit::words) {
        for (const char* option : {"model", "tokenizer"}) {
            if (values.count(option) != 0) {
                throw InputError(std::string("classify: --") + option +
                                 " with classifier.tokens: words; tokenizer is needed there");
            }
        }
        std::vector<std::string_view> views;
        for (const LabelledText& row : training) {
            views.emplace_back(row.text);
        }
        return models::WordVocabulary::of(views, static_cast<std::size_t>(config.least_count),
                                          static_cast<std::size_t>(config.most_words));
    }
    if (start) {
        return require_tokenizer(values, *start, models::config_of(*start).vocabulary);
    }
    return values.count("tokenizer") != 0
               ? models::Tokenizer::load(values["tokenizer"].as<std::string>())
               : models::Tokenizer::bytes();
}

/// A classifier before its training: from random values, or with the body of a language model.
models::Classifier untrained(const options::variables_map& values, const models::ClassifierRun& run,
                             const std::vector<LabelledText>& training) {
    std::optional<Safetensors> start;
    if (values.count("model") != 0) {
        start = Safetensors::read(values["model"].as<std::string>());
    }
    std::vector<std::string> labels = models::distinct_labels(training);
    models::TextEncoder encoder = encoder_for(values, run.classifier, training, start);
    std::optional<models::Parameters> body;
    models::ModelConfig config = run.model;
    config.vocabulary = std::max(2, models::vocabulary_of(encoder));
    if (start) {
        body = models::Parameters::from(*start);
        config = body->config();
    }
    config.classes = static_cast<int>(labels.size());
    models::Parameters parameters(config);
    models::initialise(parameters, run.classifier.seed);
    if (body) {
        for (const models::TensorInfo& info : body->layout()) {
            if (info.name != "head.weight") {
                const auto from = body->tensor(info.name);
                std::copy(from.begin(), from.end(), parameters.tensor(info.name).begin());
            }
        }
    }
    return {std::move(parameters), std::move(labels), std::move(encoder),
            run.classifier.most_tokens};
}

std::string curve_row(const models::EpochPoint& point) {
    std::ostringstream line;
    line.precision(9);
    line << point.epoch << ',' << point.seconds << ',' << point.train_loss << ','
         << point.train_accuracy << ',' << point.valid.loss << ',' << point.valid.accuracy << '\n';
    return line.str();
}

/// Trains and saves; adds what there is to say of it to `result`.
models::Classifier trained(const options::variables_map& values, Workers& workers,
                           ordered_json& result) {
    auto run = schema::read_file<models::ClassifierRun>(required<std::string>(values, "config"));
    const std::filesystem::path out = required<std::string>(values, "out");
    if (values.count("seed") != 0) {
        run.classifier.seed = values["seed"].as<std::uint64_t>();
    }
    const TrainingTexts texts = training_texts(values, run.classifier);
    models::Classifier classifier = untrained(values, run, texts.training);
    const auto training = classifier.examples(texts.training, values["train"].as<std::string>());
    const auto valid = classifier.examples(
        texts.valid, values[values.count("valid") != 0 ? "valid" : "train"].as<std::string>());

    std::filesystem::path curve_path = out;
    curve_path.replace_extension(".curve.csv");
    std::string curve = "epoch,seconds,train_loss,train_accuracy,valid_loss,valid_accuracy\n";
    Progress progress("training", "epochs", static_cast<std::uint64_t>(run.classifier.epochs));
    const auto watch = [&](const models::EpochPoint& point) {
        curve += curve_row(point);
        write_file(curve_path, curve);
        char text[96];
        std::snprintf(text, sizeof text, "epoch %d: %.1f %% of training, %.1f %% of validation",
                      point.epoch, 100.0 * point.train_accuracy, 100.0 * point.valid.accuracy);
        progress.line(text);
        progress.update(static_cast<std::uint64_t>(point.epoch));
    };
    const auto epochs = models::train_classifier(classifier.parameters(), training, valid,
                                                 run.classifier, workers, watch);
    progress.finish();
    classifier.save(out);

    const models::ClassifierScore kept = models::score(classifier.parameters(), valid, workers);
    result["model"] = out.string();
    result["curve"] = curve_path.string();
    result["train_examples"] = training.size();
    result["valid_examples"] = valid.size();
    result["epochs"] = epochs.size();
    result["seconds"] = epochs.back().seconds;
    result["valid_accuracy"] = kept.accuracy;
    return classifier;
}

/// What always answering the most frequent label would score.
double majority_share(const std::vector<models::Example>& examples) {
    std::map<int, std::size_t> counts;
    std::size_t most = 0;
    for (const models::Example& example : examples) {
        most = std::max(most, ++counts[example.label]);
    }
    return static_cast<double>(most) / static_cast<double>(examples.size());
}

}  // namespace

int run_classify(const std::vector<std::string>& arguments) {
    options::options_description described("options");
    described.add_options()                                                                      //
        ("train", options::value<std::string>()->value_name("TSV"),                              //
         "labelled texts to train on; without it --model is a classifier to be measured")        //
        ("valid", options::value<std::string>()->value_name("TSV"),                              //
         "texts that choose the epoch; without it a part of --train")                            //
        ("test", options::value<std::string>()->value_name("TSV"),                               //
         "texts to measure the accuracy on, once, at the end")                                   //
        ("config", options::value<std::string>()->value_name("YAML"),                            //
         "with --train: sections `model` and `classifier` (spikeloom info --keys classify)")     //
        ("model", options::value<std::string>()->value_name("FILE"),                             //
         "with --train: a language model to start from, whose sizes replace those of `model`; "  //
         "without: the classifier")                                                              //
        ("out", options::value<std::string>()->value_name("FILE"),                               //
         "with --train: the classifier (M.safetensors); beside it M.curve.csv")                  //
        ("label-column", options::value<std::string>()->value_name("C")->default_value(""),      //
         "number from 1 or name in the first line; default: `label`, or the first column")       //
        ("text-column", options::value<std::string>()->value_name("C")->default_value(""),       //
         "default: `text` or `sentence`, or the second column")                                  //
        ("tokenizer", options::value<std::string>()->value_name("FILE"),                         //
         "with --train and classifier.tokens: tokenizer: instead of the one that --model "       //
         "carries, or of bytes")                                                                 //
        ("seed", options::value<std::uint64_t>()->value_name("N"),                               //
         "instead of classifier.seed")                                                           //
        ("threads", options::value<int>()->value_name("N")->default_value(0),                    //
         "0: one a processor; the result does not depend on it");
    add_json_option(described);
    options::variables_map values;
    if (!parse("classify",
               "Trains SpikeGPT as a classifier of texts (rows of label and text, separated by "
               "tabs) and measures its accuracy, or measures a trained one.",
               described, arguments, values)) {
        return 0;
    }
    const auto test_path = required<std::string>(values, "test");
    const int threads = values["threads"].as<int>();
    if (threads < 0) {
        throw InputError("classify: --threads " + std::to_string(threads) +
                         "; a whole number of at least 0 is needed");
    }
    // Before hours of training: the test set must be readable.
    const auto test_rows = models::read_labelled_text(test_path, columns_of(values));
    Workers workers(threads);
    ordered_json result;
    models::Classifier classifier =
        values.count("train") != 0
            ? trained(values, workers, result)
            : models::Classifier::load(required<std::string>(values, "model"));
    const auto test = classifier.examples(test_rows, test_path);
    const models::ClassifierScore measured = models::score(classifier.parameters(), test, workers);

    result["accuracy"] = measured.accuracy;
    result["examples"] = measured.examples;
    result["loss"] = measured.loss;
    result["majority_accuracy"] = majority_share(test);
    result["labels"] = classifier.labels();
    result["vocabulary"] = classifier.parameters().config().vocabulary;
    result["parameters"] = classifier.parameters().count();
    if (!json_on_stdout(values)) {
        std::cout << "accuracy " << 100.0 * measured.accuracy << " % of " << measured.examples
                  << " texts (always the most frequent label: " << 100.0 * majority_share(test)
                  << " %)\n";
    }
    write_json(values, result);
    return 0;
}

}  // namespace spikeloom::apps
