// A classifier of texts: its rows, its words, its masking, its gradients and its training.
#include "base/files.hpp"
#include "base/random.hpp"
#include "models/classifier_trainer.hpp"
#include "models/pooled_head.hpp"
#include "tests/models/integer_fixtures.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/temporary_file.hpp"

#include <cmath>
#include <filesystem>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::models;
using Catch::Contains;

namespace {

std::vector<LabelledText> rows_of(const std::string& text, const LabelledColumns& columns = {}) {
    const tests::TemporaryFile file("rows");
    write_file(file.path(), text);
    return read_labelled_text(file.path(), columns);
}

std::string rows_refusal(const std::string& text, const LabelledColumns& columns = {}) {
    return tests::refusal_of([&] { rows_of(text, columns); });
}

ModelConfig classifying(int classes, Variant variant = Variant::linear_lif) {
    ModelConfig config = tests::small_config(variant);
    config.classes = classes;
    return config;
}

/// Parameters at which neurons fire and nothing is zero.
Parameters random_classifier(const ModelConfig& config, std::uint64_t seed) {
    Parameters parameters(config);
    initialise(parameters, seed);
    Random random(seed, 99);
    for (const TensorInfo& info : parameters.layout()) {
        for (float& x : parameters.tensor(info.name)) {
            x += static_cast<float>(0.3 * random.normal());
        }
    }
    return parameters;
}

double mean_loss(const Parameters& parameters, const PaddedBatch& batch) {
    Workers workers(1);
    SequenceModel body(parameters, workers);
    PooledHead head(parameters);
    head.forward(batch, body.features({batch.tokens, batch.size()}));
    return head.loss(batch).nats / static_cast<double>(batch.size());
}

const std::vector<Example> kExamples{
    {0, {3, 1, 4, 1, 5}}, {2, {9, 2}}, {1, {6, 5, 3, 5, 8, 9, 7}}, {2, {9}}};

std::vector<std::size_t> all_of(const std::vector<Example>& examples) {
    std::vector<std::size_t> order(examples.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    return order;
}

}  // namespace

TEST_CASE("Rows are label, tab, text; a header names the columns in any order") {
    const auto plain = rows_of("1\tgood film\r\n\n0\tbad\tfilm\n-3\t");
    REQUIRE(plain.size() == 3);
    CHECK(plain[0].label == "1");
    CHECK(plain[0].text == "good film");
    CHECK(plain[1].text == "bad");
    CHECK(plain[2].text.empty());

    const auto headed = rows_of("id\tsentence\tlabel\n7\tfine\tyes\n");
    REQUIRE(headed.size() == 1);
    CHECK(headed[0].label == "yes");
    CHECK(headed[0].text == "fine");

    // Columns by number keep the first line as an example; by name they make it a header.
    CHECK(rows_of("a\tx\t1\nb\ty\t0\n", {"3", "2"})[0].text == "x");
    const auto named = rows_of("review\tstars\nfine\t5\n", {"stars", "review"});
    REQUIRE(named.size() == 1);
    CHECK(named[0].label == "5");
}

TEST_CASE("Rows that are none are refused with file and line") {
    CHECK_THAT(rows_refusal("1\tx\nno tab\n"), Contains(":2: 1 columns"));
    CHECK_THAT(rows_refusal("1\tx\n\ty\n"), Contains(":2: the label is empty"));
    CHECK_THAT(rows_refusal(""), Contains("holds no labelled text"));
    CHECK_THAT(rows_refusal("label\ttext\n"), Contains("holds no labelled text"));
    CHECK_THAT(rows_refusal("1\tx\n", {"0", "2"}), Contains("numbered from 1"));
    CHECK_THAT(rows_refusal("1\tx\n", {"mark", ""}), Contains("no column is called 'mark'"));
    CHECK_THAT(rows_refusal("1\tx\n", {"2", "2"}), Contains("both read from column 2"));
}

TEST_CASE("Labels stand in the order of their numbers, or of their letters") {
    const auto labels = [](std::vector<std::string> given) {
        std::vector<LabelledText> rows;
        for (std::string& label : given) {
            rows.push_back({label, "x"});
        }
        return distinct_labels(rows);
    };
    CHECK(labels({"10", "9", "-1", "9"}) == std::vector<std::string>{"-1", "9", "10"});
    CHECK(labels({"b", "10", "a", "9"}) == std::vector<std::string>{"10", "9", "a", "b"});
}

TEST_CASE("Words are runs of letters and digits, other characters stand for themselves") {
    CHECK(split_words("It's a re-imagining, isn't it?!") ==
          std::vector<std::string>{"it's", "a", "re-imagining", ",", "isn't", "it", "?", "!"});
    CHECK(split_words("caf\xc3\xa9\t(1930s)") ==
          std::vector<std::string>{"caf\xc3\xa9", "(", "1930s", ")"});
    CHECK(split_words(" \n\t").empty());
}

TEST_CASE("A vocabulary holds the frequent words, and what it lacks is the unknown word") {
    const WordVocabulary words = WordVocabulary::of({"b a a", "c a b", "d"}, 2, 10);
    CHECK(words.words() == std::vector<std::string>{"a", "b"});
    CHECK(words.size() == 3);
    CHECK(words.encode("b x A") == std::vector<int>{2, WordVocabulary::kUnknown, 1});
    CHECK(words.encode("").empty());
    CHECK(WordVocabulary::of({"b a a", "c a b"}, 1, 1).words() == std::vector<std::string>{"a"});
    CHECK_THROWS_WITH(WordVocabulary({"a", "a"}), Contains("'a' twice"));
}

TEST_CASE("A text's logits do not depend on the texts it is padded to, nor on its place") {
    const Parameters parameters = random_classifier(classifying(3), 4);
    Workers workers(2);
    SequenceModel body(parameters, workers);
    PooledHead head(parameters);
    const PaddedBatch together(kExamples, all_of(kExamples));
    const auto joint = head.forward(together, body.features({together.tokens, together.size()}));
    const std::vector<float> expected(joint.begin(), joint.end());
    for (std::size_t i = 0; i < kExamples.size(); ++i) {
        const PaddedBatch alone(kExamples, std::vector<std::size_t>{i});
        const auto logits = head.forward(alone, body.features({alone.tokens, 1}));
        for (std::size_t k = 0; k < 3; ++k) {
            CHECK(logits[k] == Approx(expected[3 * i + k]).margin(1e-5));
        }
    }
}

TEST_CASE("The head is the mean over the text's tokens, the matrix and the bias") {
    const Parameters parameters = random_classifier(classifying(2), 8);
    const auto C = static_cast<std::size_t>(parameters.config().channels);
    const PaddedBatch batch(kExamples, std::vector<std::size_t>{1, 2});
    REQUIRE(batch.length == 7);
    std::vector<float> features(2 * 7 * C);
    Random random(3);
    for (float& x : features) {
        x = static_cast<float>(random.normal());
    }
    PooledHead head(parameters);
    const auto logits = head.forward(batch, features);
    for (std::size_t k = 0; k < 2; ++k) {
        // The first text has two tokens of the seven.
        double sum = parameters.tensor("classifier.bias")[k];
        for (std::size_t c = 0; c < C; ++c) {
            sum += parameters.tensor("classifier.weight")[k * C + c] *
                   (features[c] + features[C + c]) / 2.0;
        }
        CHECK(logits[k] == Approx(sum).margin(1e-5));
    }
}

TEST_CASE("Every gradient of a classifier is the slope of its loss") {
    // Without spikes the loss is smooth in everything but the embedding's signs.
    const ModelConfig config = classifying(3, Variant::dense);
    Parameters parameters = random_classifier(config, 6);
    const PaddedBatch batch(kExamples, all_of(kExamples));
    Workers workers(2);
    SequenceModel body(parameters, workers);
    PooledHead head(parameters);
    Parameters gradients(config);
    const auto features = body.features_for_training({batch.tokens, batch.size()});
    head.forward(batch, features);
    std::vector<float> dfeatures(features.size());
    head.backward(batch, gradients, dfeatures);
    body.backward_from_features(dfeatures, gradients);

    Random random(5);
    for (const TensorInfo& info : parameters.layout()) {
        if (info.name == "emb.weight") {
            continue;
        }
        INFO(info.name);
        // Along a random direction, by central differences.
        std::vector<float> direction(info.elements);
        double slope = 0.0;
        for (std::size_t i = 0; i < direction.size(); ++i) {
            direction[i] = random.uniform() < 0.5 ? -1.0F : 1.0F;
            slope += direction[i] * gradients.tensor(info.name)[i];
        }
        constexpr float kStep = 1e-3F;
        const auto values = parameters.tensor(info.name);
        const std::vector<float> before(values.begin(), values.end());
        const auto at = [&](float step) {
            for (std::size_t i = 0; i < before.size(); ++i) {
                values[i] = before[i] + step * direction[i];
            }
            return mean_loss(parameters, batch);
        };
        const double expected = (at(kStep) - at(-kStep)) / (2.0 * kStep);
        std::copy(before.begin(), before.end(), values.begin());
        CHECK(slope == Approx(expected).epsilon(0.02).margin(2e-3));
    }
}

TEST_CASE("A classifier in a file is the same classifier, and no language model") {
    const Parameters parameters = random_classifier(classifying(3), 2);
    Classifier classifier(parameters, {"bad", "fair", "good"}, WordVocabulary({"film", "caf\xe9"}),
                          5);
    const tests::TemporaryFile file("classifier");
    classifier.save(file.path());
    Classifier again = Classifier::load(file.path());
    CHECK(again.labels() == classifier.labels());
    CHECK(std::equal(again.parameters().flat().begin(), again.parameters().flat().end(),
                     parameters.flat().begin()));
    const std::vector<LabelledText> rows{{"fair", "film x film caf\xe9 film film"}, {"bad", ""}};
    CHECK(again.examples(rows, "t")[0].tokens == std::vector<int>{1, 0, 1, 2, 1});
    CHECK(again.examples(rows, "t")[0].label == 1);
    CHECK(again.examples(rows, "t")[1].tokens == std::vector<int>{WordVocabulary::kUnknown});
    CHECK_THROWS_WITH(again.examples({{"awful", "x"}}, "t.tsv"),
                      Contains("t.tsv: label 'awful' is none of the classifier's 3"));
    CHECK_THROWS_WITH(Parameters::load(file.path()), Contains("a float model is needed"));

    Parameters model(tests::small_config(Variant::linear_lif));
    model.save(file.path());
    CHECK_THROWS_WITH(Classifier::load(file.path()), Contains("a classifier is needed"));
}

TEST_CASE("A classifier carries the tokenizer that its texts are read with") {
    ModelConfig config = classifying(2);
    config.vocabulary = 256;
    const tests::TemporaryFile file("classifier");
    Classifier(random_classifier(config, 2), {"a", "b"}, Tokenizer::bytes(), 100).save(file.path());
    const std::vector<LabelledText> rows{{"b", "hi\xff"}};
    CHECK(Classifier::load(file.path()).examples(rows, "t")[0].tokens ==
          std::vector<int>{'h', 'i', 255});
    // Four characters, whose ids are their places.
    config.vocabulary = 4;
    Classifier(random_classifier(config, 2), {"a", "b"},
               Tokenizer::parse(R"({"0": "x", "1": "h", "2": " ", "3": "i"})", "v.json"), 100)
        .save(file.path());
    CHECK(Classifier::load(file.path()).examples({{"b", "hi hi"}}, "t")[0].tokens ==
          std::vector<int>{1, 3, 2, 1, 3});
}

TEST_CASE("No mutation of a classifier's file crashes its reader") {
    const Parameters parameters = random_classifier(classifying(2), 2);
    const tests::TemporaryFile file("classifier");
    Classifier(parameters, {"a", "b"}, WordVocabulary({"x", "y"}), 9).save(file.path());
    const std::string whole = read_file(file.path());
    Random random(12);
    for (int i = 0; i < 1500; ++i) {
        std::string bytes = whole;
        // The header alone: values of tensors are read as they are.
        for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
            bytes[random.below(std::min<std::size_t>(bytes.size(), 4000))] =
                static_cast<char>(random.below(256));
        }
        write_file(file.path(), bytes);
        tests::refusal_of([&] { Classifier::load(file.path()); });
    }
    SUCCEED("every file was read or refused");
}

TEST_CASE(
    "Training finds what tells the classes apart, in the same way for any number of threads") {
    // A text is of class 1 where token 7 is in it.
    Random random(21);
    std::vector<Example> examples;
    for (int i = 0; i < 120; ++i) {
        Example example;
        example.label = i % 2;
        for (std::uint64_t n = 2 + random.below(6); n > 0; --n) {
            example.tokens.push_back(static_cast<int>(1 + random.below(5)));
        }
        if (example.label == 1) {
            example.tokens[random.below(example.tokens.size())] = 7;
        }
        examples.push_back(example);
    }
    const std::vector<Example> training(examples.begin(), examples.begin() + 80);
    const std::vector<Example> valid(examples.begin() + 80, examples.end());
    ClassifierConfig config;
    config.batch = 8;
    config.epochs = 12;
    config.learning_rate = 1e-2;
    config.warmup_steps = 5;
    config.dropout = 0.05;
    config.pooled_dropout = 0.1;
    config.token_dropout = 0.02;
    std::vector<Parameters> ends;
    for (const int threads : {1, 3}) {
        Workers workers(threads);
        Parameters parameters(classifying(2));
        initialise(parameters, 3);
        const auto epochs = train_classifier(parameters, training, valid, config, workers);
        REQUIRE(epochs.size() == 12);
        const ClassifierScore end = score(parameters, valid, workers);
        CHECK(end.examples == 40);
        CHECK(end.accuracy >= 0.95);
        // The best epoch was kept, whatever came behind it.
        for (const EpochPoint& epoch : epochs) {
            CHECK(end.accuracy >= epoch.valid.accuracy);
        }
        ends.push_back(parameters);
    }
    CHECK(std::equal(ends[0].flat().begin(), ends[0].flat().end(), ends[1].flat().begin()));
}
