#include "models/quantised_model.hpp"

#include "base/error.hpp"
#include "base/safetensors.hpp"
#include "base/schema.hpp"
#include "models/carried_tokenizer.hpp"
#include "models/parameters.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <set>
#include <span>
#include <string_view>

namespace spikeloom::models {

namespace {

constexpr std::int64_t kAccumulatorEnd = std::int64_t{1} << 31;

/// Bounds, both included.
struct Range {
    std::int64_t least;
    std::int64_t most;
};
constexpr Range kAny = {std::numeric_limits<std::int32_t>::min(),
                        std::numeric_limits<std::int32_t>::max()};
constexpr Range kMix = {-(1 << 30), (1 << 30) - 1};  // fixed::interpolate takes 31 bits
constexpr Range kDecay = {-(1 << 29), 0};
constexpr Range kMultiplier = {1, (1 << 23) - 1};
constexpr Range kWeightBits = {2, 16};
constexpr Range kEventBits = {2, 16};
constexpr Range kSpikeBits = {1, 1};
constexpr Range kSpikeFraction = {0, 0};
constexpr Range kEventFraction = {-15, 16};
constexpr Range kShift = {0, 62};

/// Every part of a model by its name in the file, in one place for writing, reading and checking.
/// A visitor has vector(name, values, size, range), norm(name, norm, channels), format(name,
/// format) and matrix(name, matrix, rows, columns, reads_spikes).
template <class Model, class Visitor>
void visit_parts(Model& model, Visitor&& visitor) {
    const auto channels = static_cast<std::size_t>(model.config.channels);
    const auto vocabulary = static_cast<std::size_t>(model.config.vocabulary);
    const std::size_t hidden = model.config.hidden();
    const bool in_front = model.config.spikes_in_front();
    visitor.format("residual", model.residual);
    visitor.norm("blocks.0.ln0", model.embedding_norm, channels);
    for (std::size_t l = 0; l < model.layers.size(); ++l) {
        const std::string block = "blocks." + std::to_string(l) + ".";
        auto& time = model.layers[l].time_mix;
        visitor.norm(block + "ln1", time.norm, channels);
        visitor.vector(block + "att.time_mix_k", time.mix_key, channels, kMix);
        visitor.vector(block + "att.time_mix_v", time.mix_value, channels, kMix);
        visitor.vector(block + "att.time_mix_r", time.mix_receptance, channels, kMix);
        visitor.vector(block + "att.decay", time.decay, channels, kDecay);
        visitor.vector(block + "att.time_first", time.first, channels, kAny);
        visitor.matrix(block + "att.key", time.key, channels, channels, in_front);
        visitor.matrix(block + "att.value", time.value, channels, channels, in_front);
        visitor.matrix(block + "att.receptance", time.receptance, channels, channels, in_front);
        visitor.matrix(block + "att.output", time.output, channels, channels, in_front);
        auto& channel = model.layers[l].channel_mix;
        visitor.norm(block + "ln2", channel.norm, channels);
        visitor.vector(block + "ffn.time_mix_k", channel.mix_key, channels, kMix);
        visitor.vector(block + "ffn.time_mix_r", channel.mix_receptance, channels, kMix);
        visitor.matrix(block + "ffn.key", channel.key, hidden, channels, in_front);
        visitor.matrix(block + "ffn.receptance", channel.receptance, channels, channels, in_front);
        visitor.matrix(block + "ffn.value", channel.value, channels, hidden,
                       model.config.hidden_spikes());
        if (!model.config.spikes_behind()) {
            visitor.format(block + "att.sum", time.sum);
            visitor.format(block + "ffn.sum", channel.sum);
        }
    }
    visitor.norm("ln_out", model.final_norm, channels);
    visitor.matrix("head", model.head, vocabulary, channels, false);
}

/// Weights of up to 8 bits lie in the file as 8-bit integers.
bool weights_in_bytes(const QuantisedMatrix& matrix) {
    return matrix.weight_bits <= 8;
}

class Writer {
  public:
    explicit Writer(Safetensors& file) : file_(file) {}

    void vector(const std::string& name, const std::vector<std::int32_t>& values, std::size_t size,
                Range) {
        file_.add<std::int32_t>(name, {size}, values);
    }
    void norm(const std::string& name, const QuantisedNorm& norm, std::size_t channels) {
        vector(name + ".weight", norm.gain, channels, kAny);
        vector(name + ".bias", norm.bias, channels, kAny);
        file_.add<std::int64_t>(name + ".epsilon", {1}, {&norm.epsilon, 1});
    }
    void format(const std::string& name, const EventFormat& format) {
        vector(name + ".format", {format.bits, format.fraction}, 2, kAny);
    }
    void matrix(const std::string& name, const QuantisedMatrix& matrix, std::size_t rows,
                std::size_t columns, bool) {
        vector(name + ".format",
               {matrix.weight_bits, matrix.input.bits, matrix.input.fraction, matrix.shift}, 4,
               kAny);
        vector(name + ".multiplier", matrix.multiplier, rows, kMultiplier);
        if (weights_in_bytes(matrix)) {
            const std::vector<std::int8_t> bytes(matrix.weights.begin(), matrix.weights.end());
            file_.add<std::int8_t>(name + ".weight", {rows, columns}, bytes);
        } else {
            file_.add<std::int16_t>(name + ".weight", {rows, columns}, matrix.weights);
        }
    }

  private:
    Safetensors& file_;
};

/// Reads types and shapes; the values are for the Checker.
class Reader {
  public:
    explicit Reader(const Safetensors& file) : file_(file) {}

    void vector(const std::string& name, std::vector<std::int32_t>& values, std::size_t size,
                Range) {
        values = read<std::int32_t>(name, {size});
    }
    void norm(const std::string& name, QuantisedNorm& norm, std::size_t channels) {
        vector(name + ".weight", norm.gain, channels, kAny);
        vector(name + ".bias", norm.bias, channels, kAny);
        norm.epsilon = read<std::int64_t>(name + ".epsilon", {1}).front();
    }
    void format(const std::string& name, EventFormat& format) {
        const auto values = read<std::int32_t>(name + ".format", {2});
        format = {values[0], values[1]};
    }
    void matrix(const std::string& name, QuantisedMatrix& matrix, std::size_t rows,
                std::size_t columns, bool) {
        const auto values = read<std::int32_t>(name + ".format", {4});
        matrix.rows = static_cast<int>(rows);
        matrix.columns = static_cast<int>(columns);
        matrix.weight_bits = values[0];
        matrix.input = {values[1], values[2]};
        matrix.shift = values[3];
        vector(name + ".multiplier", matrix.multiplier, rows, kMultiplier);
        if (weights_in_bytes(matrix)) {
            const auto bytes = read<std::int8_t>(name + ".weight", {rows, columns});
            matrix.weights.assign(bytes.begin(), bytes.end());
        } else {
            matrix.weights = read<std::int16_t>(name + ".weight", {rows, columns});
        }
    }

    template <class T>
    std::vector<T> read(const std::string& name, const std::vector<std::size_t>& shape) {
        read_.insert(name);
        return file_.values<T>(name, shape);
    }
    void refuse_others() const {
        for (const auto& entry : file_.tensors) {
            if (read_.count(entry.first) == 0) {
                throw InputError(file_.origin + ": tensor '" + entry.first +
                                 "' is no part of an integer SpikeGPT of this shape");
            }
        }
    }

  private:
    const Safetensors& file_;
    std::set<std::string> read_;
};

class Checker {
  public:
    explicit Checker(std::string origin) : origin_(std::move(origin)) {}

    void vector(const std::string& name, const std::vector<std::int32_t>& values, std::size_t size,
                Range range) const {
        require_size(name, values.size(), size);
        require_all(name, values, range);
    }
    void norm(const std::string& name, const QuantisedNorm& norm, std::size_t channels) const {
        vector(name + ".weight", norm.gain, channels, kAny);
        vector(name + ".bias", norm.bias, channels, kAny);
        require(name + ".epsilon", "value", norm.epsilon, {1, std::int64_t{1} << 62});
    }
    void format(const std::string& name, const EventFormat& format) const {
        require(name + ".format", "bits", format.bits, kEventBits);
        require(name + ".format", "fraction", format.fraction, kEventFraction);
    }
    void matrix(const std::string& name, const QuantisedMatrix& matrix, std::size_t rows,
                std::size_t columns, bool reads_spikes) const {
        require(name, "rows", matrix.rows,
                {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(rows)});
        require(name, "columns", matrix.columns,
                {static_cast<std::int64_t>(columns), static_cast<std::int64_t>(columns)});
        require(name + ".format", "weight bits", matrix.weight_bits, kWeightBits);
        require(name + ".format", "shift", matrix.shift, kShift);
        require(name + ".format", "event bits", matrix.input.bits,
                reads_spikes ? kSpikeBits : kEventBits);
        require(name + ".format", "event fraction", matrix.input.fraction,
                reads_spikes ? kSpikeFraction : kEventFraction);
        vector(name + ".multiplier", matrix.multiplier, rows, kMultiplier);
        require_size(name + ".weight", matrix.weights.size(), rows * columns);
        const std::int64_t half = std::int64_t{1} << (matrix.weight_bits - 1);
        require_all(name + ".weight", matrix.weights, {-half, half - 1});
        const std::int64_t row_sum = largest_row_sum(matrix);
        if (!accumulators_fit(row_sum, matrix.input.bits)) {
            refuse(name + ".weight", "a row's magnitudes sum to " + std::to_string(row_sum) +
                                         "; with events of " + std::to_string(matrix.input.bits) +
                                         " bits an accumulator could leave 32 bits");
        }
    }

    template <class T>
    void require_all(const std::string& name, const std::vector<T>& values, Range range) const {
        for (const T value : values) {
            require(name, "value", value, range);
        }
    }
    void require(const std::string& name, std::string_view what, std::int64_t value,
                 Range range) const {
        if (value < range.least || value > range.most) {
            refuse(name, std::string(what) + " " + std::to_string(value) + "; allowed are " +
                             std::to_string(range.least) + " to " + std::to_string(range.most));
        }
    }
    void require_size(const std::string& name, std::size_t size, std::size_t expected) const {
        if (size != expected) {
            refuse(name, std::to_string(size) + " values; expected " + std::to_string(expected));
        }
    }

  private:
    [[noreturn]] void refuse(const std::string& name, const std::string& message) const {
        throw InputError(origin_ + ": tensor '" + name + "': " + message);
    }

    std::string origin_;
};

}  // namespace

void QuantisedNorm::apply(fixed::Values x, fixed::Results to, int steps) const {
    fixed::normalise(x, static_cast<std::int64_t>(x.size()), fixed::sum(x),
                     fixed::sum_of_squares(x), epsilon, to, steps);
    fixed::multiply(to, gain, fixed::kFraction, to);
    fixed::add(to, bias, to);
}

std::int64_t largest_row_sum(const QuantisedMatrix& matrix) {
    const auto columns = static_cast<std::size_t>(matrix.columns);
    std::int64_t largest = 0;
    for (std::size_t begin = 0; begin + columns <= matrix.weights.size(); begin += columns) {
        std::int64_t total = 0;
        for (std::size_t c = begin; c < begin + columns; ++c) {
            total += std::abs(std::int32_t{matrix.weights[c]});
        }
        largest = std::max(largest, total);
    }
    return largest;
}

bool accumulators_fit(std::int64_t largest_row_sum, int bits) {
    return largest_row_sum < kAccumulatorEnd >> (bits - 1);
}

int QuantisedModel::accumulator_bits() const {
    std::int64_t most = 1;
    const auto consider = [&most](const QuantisedMatrix& matrix) {
        const int event_bits = matrix.input.spikes() ? 0 : matrix.input.bits - 1;
        most = std::max(most, largest_row_sum(matrix) << event_bits);
    };
    // The residual stream, and what a sub-block adds to it.
    const std::int64_t stream = std::int64_t{1} << (residual.bits - 1);
    const auto consider_sum = [&](const EventFormat& sum) {
        const std::int64_t added = config.spikes_behind()
                                       ? std::int64_t{1} << residual.fraction
                                       : std::int64_t{1}
                                             << (sum.bits - 1 + residual.fraction - sum.fraction);
        most = std::max(most, stream + added);
    };
    for (const QuantisedLayer& layer : layers) {
        const QuantisedTimeMix& time = layer.time_mix;
        const QuantisedChannelMix& channel = layer.channel_mix;
        for (const QuantisedMatrix* matrix :
             {&time.key, &time.value, &time.receptance, &time.output, &channel.key, &channel.value,
              &channel.receptance}) {
            consider(*matrix);
        }
        consider_sum(time.sum);
        consider_sum(channel.sum);
    }
    consider(head);
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(most))) + 1;
}

void QuantisedModel::embedded(std::size_t token, fixed::Results to) const {
    const int shift = config.binary_embedding ? residual.fraction : 0;
    const std::int16_t* const row = embedding.data() + token * to.size();
    std::transform(row, row + to.size(), to.begin(),
                   [shift](std::int16_t level) { return fixed::Value{level} * (1 << shift); });
}

void QuantisedModel::check(const std::string& origin) const {
    const Checker checker(origin);
    checker.require_size("layers", layers.size(), static_cast<std::size_t>(config.layers));
    checker.require_size(
        "emb.weight", embedding.size(),
        static_cast<std::size_t>(config.vocabulary) * static_cast<std::size_t>(config.channels));
    checker.require_all("emb.weight", embedding,
                        config.binary_embedding ? Range{0, 1} : Range{-128, 127});
    checker.require("lif", "inverse tau", lif.inverse_tau, {1, fixed::kOne});
    checker.require("lif", "threshold", lif.threshold, {1, kAny.most});
    checker.require("lif", "reset", lif.reset, {kAny.least, lif.threshold - 1});
    visit_parts(*this, checker);
    // A spike is 1 in the residual stream's format.
    checker.require("residual.format", "fraction", residual.fraction, {0, residual.bits - 2});
    if (!config.spikes_behind()) {
        for (std::size_t l = 0; l < layers.size(); ++l) {
            const std::string block = "blocks." + std::to_string(l) + ".";
            const Range range = {kEventFraction.least, residual.fraction};
            checker.require(block + "att.sum.format", "fraction", layers[l].time_mix.sum.fraction,
                            range);
            checker.require(block + "ffn.sum.format", "fraction",
                            layers[l].channel_mix.sum.fraction, range);
        }
    }
}

QuantisedModel QuantisedModel::load(const std::filesystem::path& path) {
    return from(Safetensors::read(path));
}

QuantisedModel QuantisedModel::from(const Safetensors& file) {
    if (const std::string kind = kind_of(file); kind != "integer") {
        throw InputError(file.origin + ": holds a model of kind '" + kind +
                         "'; an integer model is needed here (spikeloom quantize makes one)");
    }
    QuantisedModel model;
    model.config = config_of(file);
    Reader reader(file);
    const std::vector<std::size_t> shape = {static_cast<std::size_t>(model.config.vocabulary),
                                            static_cast<std::size_t>(model.config.channels)};
    if (model.config.binary_embedding) {
        const auto bits = reader.read<std::uint8_t>("emb.weight", shape);
        model.embedding.assign(bits.begin(), bits.end());
    } else {
        const auto levels = reader.read<std::int8_t>("emb.weight", shape);
        model.embedding.assign(levels.begin(), levels.end());
    }
    const auto lif = reader.read<std::int32_t>("lif", {3});
    model.lif = {lif[0], lif[1], lif[2]};
    model.layers.resize(static_cast<std::size_t>(model.config.layers));
    visit_parts(model, reader);
    reader.refuse_others();
    model.check(file.origin);
    return model;
}

void QuantisedModel::save(const std::filesystem::path& path, const std::string& tokenizer) const {
    check(path.string());
    Safetensors file;
    file.metadata[kModelKey] = schema::write(config);
    file.metadata[kKindKey] = "integer";
    carry_tokenizer(file, tokenizer);
    const std::vector<std::size_t> shape = {static_cast<std::size_t>(config.vocabulary),
                                            static_cast<std::size_t>(config.channels)};
    if (config.binary_embedding) {
        const std::vector<std::uint8_t> bits(embedding.begin(), embedding.end());
        file.add<std::uint8_t>("emb.weight", shape, bits);
    } else {
        const std::vector<std::int8_t> levels(embedding.begin(), embedding.end());
        file.add<std::int8_t>("emb.weight", shape, levels);
    }
    const std::vector<std::int32_t> lif_values = {lif.inverse_tau, lif.threshold, lif.reset};
    file.add<std::int32_t>("lif", {3}, lif_values);
    visit_parts(*this, Writer(file));
    file.write(path);
}

}  // namespace spikeloom::models
