// The insides of SequenceModel, shared by its forward and backward halves; nobody else includes
// this.
#pragma once

#include "models/lif.hpp"
#include "models/products.hpp"
#include "models/row_kernels.hpp"
#include "models/sequence_model.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace spikeloom::models {

/// dW += dy^T x of one matrix.
struct WeightTask {
    Linear shape;
    const float* dy;
    const float* x;
    float* dweight;
};
/// One token-shift mix on the way back.
struct MixTask {
    const float* mix;
    const float* dmixed;
    std::span<float> dmix;
};

struct SequenceModel::Impl {
    using Buffer = AlignedVector<float>;
    using Layer = LayerTensors<const float>;

    /// Rows of a product's chunk: fewer make packing the weights count, more make idle threads.
    static constexpr std::size_t kChunkRows = 128;
    /// Channels that walk along time together.
    static constexpr std::size_t kChunkChannels = 64;
    /// Vectors that a chunk of rows sums up: gain and bias of a LayerNorm, up to three mixes.
    static constexpr std::size_t kRowSums = 5;
    /// Vectors that a block of channels carries back along time: WKV's five.
    static constexpr std::size_t kCarry = 5;

    /// What the backward pass needs of one layer, [N, C] unless said: 7 C + H floats a token, the
    /// membranes in front of matrices where they are, and the layer's input.
    struct Kept {
        Buffer key, value, gate;  // gate: sigmoid of the receptance
        Buffer ffn_value, ffn_gate;
        /// The LIFs' h. Where there are no neurons, behind a sub-block: the drive; on the hidden
        /// channels, [N, H]: what ReLU leaves.
        PerLifSite<Buffer> membranes;
    };

    /// Shared by all layers, [N, C] unless said.
    struct Scratch {
        Buffer mixed_k, mixed_v, mixed_r;  // inputs of the matrices
        Buffer gated;                      // sigmoid(r) * y
        Buffer middle;                     // residual stream between the sub-blocks
        Buffer wide;                       // [N, H], what the channel-mix's value reads
        Buffer rows;                       // [row chunks, 3, C]
        Buffer next_shift;                 // [sequences, C]
        Buffer carry;                      // [time blocks, kCarry, kChunkChannels]
        // Only the backward pass:
        Buffer dx;                            // of the residual stream
        Buffer ddrive;                        // of what a LIF receives
        Buffer d1, d2, d3;                    // of the matrices' outputs
        Buffer dmixed_k, dmixed_v, dmixed_r;  // of the matrices' inputs
        Buffer dhidden;                       // [N, H]
        Buffer row_sums;    // [row chunks, kRowSums, C], gradients of vectors, in parts
        Buffer block_sums;  // [sequences, 2, C]
        std::vector<double> chunk_loss;  // [row chunks]
    };

    /// Of the products of the sub-block at hand; the head's is `output`. A backward pass puts the
    /// matrices' inputs into the last four.
    struct Factors {
        SharedFactor key, value, receptance, output;
        std::array<SharedFactor, 4> inputs;
    };

    Impl(const Parameters& model, Workers& threads);

    /// A state before the first token, for as many sequences.
    State& fresh_state(std::size_t count);
    std::size_t bytes() const;
    /// Buffers for a batch; allocates only where it is larger than all before.
    void resize(const Batch& batch, bool for_training);
    /// Everything in front of the last LayerNorm.
    void forward(const Batch& given, State& state, bool keep, const Dropout& drop);

    /// for_outputs or for_input_gradient.
    using Direction = Preparation (*)(SharedFactor&, const Linear&, const float*);
    void prepare_time_mix(const Layer& layer, Direction towards);
    void prepare_channel_mix(const Layer& layer, Direction towards);
    void prepare_head(const ModelTensors<const float>& tensors, Direction towards);

    void embed(const ModelTensors<const float>& tensors);
    void time_mix_inputs(std::size_t l, const Layer& layer, Kept& kept, State& state);
    void time_mix_recurrence(std::size_t l, const Layer& layer, Kept& kept, State& state);
    void time_mix_sum(std::size_t l, Kept& kept, State& state);
    void channel_mix(std::size_t l, const Layer& layer, Kept& kept, State& state);
    /// Sums of hidden channels become what ReLU leaves of them, `activations` that or its square.
    void rectify(std::size_t n, float* sums, float* activations) const;
    void channel_mix_sum(std::size_t l, Kept& kept, State& state);
    /// A layer of neurons in front of a matrix: the drive in its membranes becomes h, and what the
    /// matrix reads the spikes.
    void fire_in_front(std::size_t l, LifSite site, Kept& kept, State& state, Buffer& spikes);
    /// The last LayerNorm, and the logits behind it.
    std::span<const float> final_norm();
    std::span<const float> head();

    double loss_gradient(std::span<const int> targets, double positions, double l2_wrap);
    void head_backward(const ModelTensors<const float>& tensors, ModelTensors<float>& gradients);
    void final_norm_backward(std::span<const float> dfeatures, ModelTensors<float>& gradients);
    /// For a chunk of rows: from the gradient in scratch.d1 to that of the residual stream, and the
    /// chunk's sums for gain and bias, which `add_final_norm_sums` adds.
    void final_norm_rows_backward(std::size_t first, std::size_t last, std::size_t chunk);
    void add_final_norm_sums(ModelTensors<float>& gradients);
    /// From the gradient behind the last layer to all the layers' and the embedding's.
    void body_backward(ModelTensors<float>& gradients);
    void channel_mix_backward(std::size_t l, const Layer& layer, LayerTensors<float>& gradients);
    void time_mix_backward(std::size_t l, const Layer& layer, LayerTensors<float>& gradients);
    void embed_backward(const ModelTensors<const float>& tensors, ModelTensors<float>& gradients);
    /// What LayerNorm 0 sees of a row's token: the embedding's bits, or its values.
    void embedded(const ModelTensors<const float>& tensors, std::size_t row, float* to) const;
    /// The way back through what stands behind a sub-block.
    void lif_gradient(const Buffer& membrane, const TimeBlock& time, std::size_t block,
                      std::size_t at);
    /// The way back of fire_in_front: in `gradient` that of the spikes becomes that of the drive.
    void front_gradient(LifSite site, const Kept& kept, Buffer& gradient);
    /// Behind a walk that has filled a buffer with what a matrix reads without spikes: the spikes.
    void spikes_again(LifSite site, const Kept& kept, Buffer& spikes);
    /// The way back of `rectify`, whose rectified sums give the activations again.
    void rectify_backward(std::size_t n, const float* rectified, float* activations,
                          float* gradient) const;

    /// The last part of a sub-block's way back: the matrices' gradients from what went in and came
    /// out, the mixes and the LayerNorm.
    template <std::size_t W, std::size_t M>
    void finish_sub_block(const std::array<WeightTask, W>& weights,
                          const std::array<MixTask, M>& mixes, const Norm& norm, const float* x,
                          std::span<float> dgain, std::span<float> dbias);

    /// Runs body(first row, last row, chunk) over all rows.
    template <class Body>
    void over_rows(const Body& body) {
        const auto chunk_body = [&](std::size_t chunk) {
            body(chunk * kChunkRows, std::min(rows, (chunk + 1) * kChunkRows), chunk);
        };
        workers.run(row_chunks, std::cref(chunk_body));
    }

    /// Runs body(time block, its index, sequence, first channel, offset of its first element) over
    /// vectors of `width`.
    template <class Body>
    void over_time_blocks(std::size_t width, const Body& body) {
        const std::size_t blocks = channel_blocks_of(width);
        const auto block_body = [&](std::size_t block) {
            const std::size_t sequence = block / blocks;
            const std::size_t first = block % blocks * kChunkChannels;
            const TimeBlock time{length, std::min(kChunkChannels, width - first), width};
            body(time, block, sequence, first, sequence * length * width + first);
        };
        workers.run(sequences * blocks, std::cref(block_body));
    }
    static std::size_t channel_blocks_of(std::size_t width) {
        return (width + kChunkChannels - 1) / kChunkChannels;
    }

    /// For each row of a chunk: body(row, statistics, LayerNorm of x, that of the token before).
    /// Before a sequence's first token stands shift(sequence).
    template <class Shift, class Body>
    void walk_normalised(std::size_t first, std::size_t last, std::size_t chunk, const Norm& norm,
                         const float* x, const Shift& shift, const Body& body) {
        float* now = scratch.rows.data() + chunk * 3 * channels;
        float* before = now + channels;
        for (std::size_t row = first; row < last; ++row) {
            const float* const from = x + row * channels;
            if (starts_sequence(row)) {
                std::copy_n(shift(row / length), channels, before);
            } else if (row == first) {
                const float* const previous = from - channels;
                normalise_row(norm, row_statistics(previous, channels, eps), previous, before);
            }
            const RowStatistics statistics = row_statistics(from, channels, eps);
            normalise_row(norm, statistics, from, now);
            body(row, statistics, now, before);
            std::swap(now, before);
        }
    }

    Norm norm(std::span<const float> gain, std::span<const float> bias) const {
        return {gain.data(), bias.data(), channels};
    }
    /// What stands before a sequence's first token when it starts afresh.
    auto empty_shift() const {
        return [this](std::size_t) { return zeros.data(); };
    }
    bool starts_sequence(std::size_t row) const { return row % length == 0; }
    bool ends_sequence(std::size_t row) const { return row % length == length - 1; }
    /// What enters the residual stream.
    float added(float membrane) const {
        return config.spikes_behind() ? (membrane >= lif.threshold ? 1.0F : 0.0F) : membrane;
    }
    Kept& kept_of(std::size_t l) { return kept[keeping ? l : 0]; }
    Buffer& input_of(std::size_t l) { return inputs[keeping ? l : 0]; }
    /// Factor that dropout puts on an element behind layer l: 0 or 1 / (1 - rate).
    float dropout_factor(std::uint32_t salt, std::size_t element) const;
    std::uint32_t dropout_salt(std::size_t l) const;

    const Parameters& parameters;
    Workers& workers;
    const ModelConfig& config;
    std::size_t layers, channels, hidden, vocabulary;
    float eps;
    Lif lif;

    // The batch at hand.
    std::vector<int> tokens;
    std::size_t rows = 0, sequences = 0, length = 0, row_chunks = 0;
    bool keeping = false;
    Dropout dropout;

    std::vector<Kept> kept;
    std::vector<Buffer> inputs;  // residual stream at each layer's entry, and behind the last
    Scratch scratch;
    Factors factors;
    Buffer zeros;  // [C]
    Buffer decay;  // [L, C], w = -exp(time_decay)
    Buffer logits;
    State fresh;
};

}  // namespace spikeloom::models
