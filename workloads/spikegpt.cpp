#include "workloads/spikegpt.hpp"

#include "arch/weight_rows.hpp"
#include "workloads/program_file.hpp"
#include "workloads/stage_builder.hpp"
#include "workloads/watched_outputs.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace spikeloom::workloads {

namespace {

using arch::AxonBlock;
using arch::Encoding;
using arch::StageId;
using models::EventFormat;
using models::LifSite;
using models::QuantisedMatrix;
using models::QuantisedNorm;
using models::fixed::kFraction;

std::string layer_name(std::size_t layer) {
    return "layer" + std::to_string(layer) + ".";
}

AxonBlock row_block(std::uint32_t axons, std::uint32_t accumulator, std::uint32_t row_length,
                    int weight_bits, int value_bits, bool streamed) {
    AxonBlock block;
    block.kind = streamed ? AxonBlock::Kind::remote : AxonBlock::Kind::sram;
    block.axons = axons;
    block.accumulator = accumulator;
    block.row_length = row_length;
    block.weight_bits = static_cast<std::uint32_t>(weight_bits);
    block.row_stride = row_bytes(row_length, weight_bits);
    block.value_bits = static_cast<std::uint32_t>(value_bits);
    return block;
}

AxonBlock direct_block(std::uint32_t axons, int value_bits, std::int32_t weight) {
    AxonBlock block;
    block.kind = AxonBlock::Kind::direct;
    block.axons = axons;
    block.row_length = 1;
    block.value_bits = static_cast<std::uint32_t>(value_bits);
    block.direct_weight = weight;
    return block;
}

class GraphBuilder {
  public:
    GraphBuilder(const models::QuantisedModel& model, const Layout& layout, SparseCounts& sparse)
        : model_(model),
          layout_(layout),
          sparse_(sparse),
          channels_(static_cast<std::uint32_t>(model.config.channels)),
          hidden_(static_cast<std::uint32_t>(model.config.hidden())),
          vocabulary_(static_cast<std::uint32_t>(model.config.vocabulary)) {}

    StageGraph build() {
        embed();
        for (std::size_t l = 0; l < model_.layers.size(); ++l) {
            time_mix(l);
            channel_mix(l);
        }
        final_norm_and_head();
        arch::HostPort& host = graph_.program.host;
        host.token_stage = 0;
        host.result_length = vocabulary_;
        connect_producers(graph_.program);
        return std::move(graph_);
    }

  private:
    std::vector<std::uint32_t> cuts_of(MatrixStage stage) const {
        return cuts(rows_of(stage, model_.config), layout_.parts[static_cast<std::size_t>(stage)],
                    layout_.granule);
    }

    bool streamed(MatrixStage stage) const {
        return layout_.streamed[static_cast<std::size_t>(stage)];
    }

    StageId next_stage() const { return static_cast<StageId>(graph_.program.stages.size()); }

    StageId finish(StageBuilder& stage, std::optional<MatrixStage> kind = std::nullopt) {
        graph_.program.stages.push_back(stage.finish());
        graph_.kinds.push_back(kind);
        graph_.leaders.push_back(next_stage() - 1);
        return next_stage() - 1;
    }

    /// Every part of a stage gets the whole vector, from `axon` on.
    void broadcast(StageId from, std::size_t index, StageId first_part, std::size_t parts,
                   std::uint32_t axon) {
        arch::Output& output = graph_.program.stages[from].outputs[index];
        for (StageId part = 0; part < parts; ++part) {
            output.destinations.push_back({first_part + part, axon});
        }
    }

    /// The rows [first, first + count) of a matrix as the next block of axons.
    void add_matrix(StageBuilder& stage, const QuantisedMatrix& matrix, std::uint32_t first,
                    std::uint32_t count, std::uint32_t accumulator, MatrixStage kind) {
        AxonBlock rows = row_block(static_cast<std::uint32_t>(matrix.columns), accumulator, count,
                                   matrix.weight_bits, matrix.input.bits, streamed(kind));
        if (layout_.sparse_index_bits > 0) {
            AxonBlock sparse = rows;
            sparse.row_stride = 0;
            sparse.index_bits = layout_.sparse_index_bits;
            sparse.synapses = sparse_.of(matrix, first, count, sparse.index_bits);
            if (arch::totals_of(sparse).bytes < arch::totals_of(rows).bytes) {
                rows = std::move(sparse);
            }
        }
        const std::uint32_t index_bits = rows.index_bits;
        const std::size_t block = stage.axons(rows);
        graph_.rows.push_back({next_stage(), block, [&matrix, first, count, index_bits] {
                                   return index_bits > 0
                                              ? pack_sparse(matrix, first, count, index_bits)
                                              : pack_axon_major(matrix, first, count);
                               }});
    }

    /// A matrix's product in Q.16 from the sums of its rows [first, ...).
    Vector requantised(StageBuilder& stage, const std::string& name, const QuantisedMatrix& matrix,
                       std::uint32_t first, Vector sums) {
        const Vector scale = stage.constant(
            name + "_scale", std::span(matrix.multiplier).subspan(first, sums.length));
        const Vector product = stage.scratch(name, sums.length);
        stage.multiply(product, sums, scale, matrix.shift);
        return product;
    }

    Vector normalised(StageBuilder& stage, const QuantisedNorm& norm, Vector x) {
        const Vector gain = stage.constant("gain", norm.gain);
        const Vector bias = stage.constant("bias", norm.bias);
        const Vector h = stage.scratch("h", x.length);
        stage.layer_norm(h, x, norm.epsilon);
        stage.multiply(h, h, gain);
        stage.add(h, h, bias);
        return h;
    }

    void narrow_to(StageBuilder& stage, Vector to, Vector from, EventFormat format) {
        stage.narrow(to, from, kFraction - format.fraction, format.bits);
    }

    /// The residual stream as a norm stage rebuilds it: what the norm before had, and what the
    /// sub-block between adds to it (`added`: the format of its values, where no spikes are added).
    Vector residual(StageBuilder& stage, const EventFormat* added) {
        const EventFormat format = model_.residual;
        stage.axons(direct_block(channels_, format.bits, 1));
        if (added != nullptr) {
            const EventFormat from = model_.config.spikes_behind() ? models::kSpikes : *added;
            stage.axons(direct_block(channels_, from.bits,
                                     std::int32_t{1} << (format.fraction - from.fraction)));
        }
        const Vector x = stage.scratch("x", channels_);
        stage.narrow(x, stage.sums(), 0, format.bits);
        return x;
    }

    /// A layer of neurons and, as an output, its spikes. `suffix` tells it from others of the
    /// stage.
    void send_spikes(StageBuilder& stage, Vector drive, std::size_t layer, LifSite site,
                     const std::string& suffix = {}) {
        const Vector membrane = stage.state("membrane" + suffix, drive.length);
        const Vector spikes = stage.scratch("spikes" + suffix, drive.length);
        stage.lif(spikes, drive, membrane, model_.lif);
        stage.output(watched_name(layer, site, true), spikes, Encoding::binary, 1);
    }

    /// The end of a sub-block: spikes, or the drive itself.
    void send_drive(StageBuilder& stage, Vector drive, std::size_t layer, LifSite behind,
                    EventFormat format) {
        if (model_.config.spikes_behind()) {
            send_spikes(stage, drive, layer, behind);
        } else {
            narrow_to(stage, drive, drive, format);
            stage.output(watched_name(layer, behind, false), drive, Encoding::dense, format.bits);
        }
    }

    /// Sends the residual stream of the norm before, and what its sub-block's parts add, to `norm`.
    void join_residual(StageId norm) {
        std::vector<arch::Stage>& stages = graph_.program.stages;
        stages[residual_from_].outputs.back().destinations.push_back({norm, 0});
        for (const StageId relay : relays_) {
            graph_.leaders[relay] = norm;
        }
        graph_.norms.push_back(norm);
        for (std::size_t part = 0; part + 1 < drive_cuts_.size(); ++part) {
            stages[drive_from_ + part].outputs.back().destinations.push_back(
                {norm, channels_ + drive_cuts_[part]});
        }
    }

    /// Lets the residual stream pass `count` relays on its way to the next norm.
    void relay_residual(const std::string& name, std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            StageBuilder stage(name + std::to_string(i), channels_);
            const Vector x = residual(stage, nullptr);
            stage.output(name + "x", x, Encoding::dense, model_.residual.bits);
            const StageId relay = finish(stage);
            graph_.program.stages[residual_from_].outputs.back().destinations.push_back({relay, 0});
            residual_from_ = relay;
            relays_.push_back(relay);
        }
    }

    void embed() {
        StageBuilder stage("embed", channels_);
        const std::size_t block =
            stage.axons(row_block(vocabulary_, 0, channels_, model_.embedding_bits(), 1, true));
        graph_.rows.push_back({next_stage(), block, [this_model = &model_] {
                                   return pack_table(
                                       this_model->embedding,
                                       static_cast<std::uint32_t>(this_model->config.channels),
                                       this_model->embedding_bits());
                               }});
        Vector seen = stage.sums();
        if (model_.config.binary_embedding) {
            seen = stage.scratch("bits", channels_);
            stage.shift_left(seen, stage.sums(), model_.residual.fraction);
        }
        const Vector x = normalised(stage, model_.embedding_norm, seen);
        narrow_to(stage, x, x, model_.residual);
        stage.output("embed.x", x, Encoding::dense, model_.residual.bits);
        residual_from_ = finish(stage);
        added_ = nullptr;
        drive_cuts_.clear();
    }

    /// A norm in front of a sub-block: sends a token-shifted mix of h for each of the `mixes`
    /// (outputs 0, 1, ...), in the format of the matrix that reads it, or the spikes of neurons
    /// that it drives; and behind them x, which is not needed before the sub-block has ended.
    struct Mix {
        const char* name;
        const std::vector<std::int32_t>* weight;
        EventFormat format;
        LifSite in_front;
    };
    StageId mixing_norm(std::size_t layer, const std::string& name, const QuantisedNorm& norm,
                        std::initializer_list<Mix> mixes) {
        StageBuilder stage(name, channels_);
        const Vector x = residual(stage, added_);
        const Vector h = normalised(stage, norm, x);
        const Vector previous = stage.state("h_previous", channels_);
        for (const Mix& mix : mixes) {
            const Vector weight = stage.constant(std::string("mix_") + mix.name, *mix.weight);
            const Vector mixed = stage.scratch(std::string("x") + mix.name, channels_);
            stage.interpolate(mixed, h, previous, weight);
            if (mix.format.spikes()) {
                send_spikes(stage, mixed, layer, mix.in_front, std::string("_") + mix.name);
            } else {
                narrow_to(stage, mixed, mixed, mix.format);
                stage.output(name + ".x" + mix.name, mixed, Encoding::dense, mix.format.bits);
            }
        }
        stage.copy(previous, h);
        stage.output(name + ".x", x, Encoding::dense, model_.residual.bits);
        const StageId id = finish(stage);
        join_residual(id);
        residual_from_ = id;
        relays_.clear();
        return id;
    }

    void time_mix(std::size_t layer) {
        const models::QuantisedTimeMix& mix = model_.layers[layer].time_mix;
        const std::string name = layer_name(layer);
        const StageId norm = mixing_norm(
            layer, name + "att_norm", mix.norm,
            {{"k", &mix.mix_key, mix.key.input, LifSite::att_key},
             {"v", &mix.mix_value, mix.value.input, LifSite::att_value},
             {"r", &mix.mix_receptance, mix.receptance.input, LifSite::att_receptance}});
        relay_residual(name + "att_skip.", layout_.att_relays);

        const std::vector<std::uint32_t> kvr_cuts = cuts_of(MatrixStage::att_kvr);
        const StageId first_kvr = next_stage();
        for (std::size_t part = 0; part + 1 < kvr_cuts.size(); ++part) {
            attention(layer, part, kvr_cuts[part], kvr_cuts[part + 1] - kvr_cuts[part]);
        }
        for (std::size_t m = 0; m < 3; ++m) {
            broadcast(norm, m, first_kvr, kvr_cuts.size() - 1,
                      static_cast<std::uint32_t>(m) * channels_);
        }

        const std::vector<std::uint32_t> out_cuts = cuts_of(MatrixStage::att_out);
        const StageId first_out = next_stage();
        for (std::size_t part = 0; part + 1 < out_cuts.size(); ++part) {
            const std::uint32_t first = out_cuts[part];
            const std::uint32_t count = out_cuts[part + 1] - first;
            StageBuilder stage(name + "att_out." + std::to_string(part), count);
            add_matrix(stage, mix.output, first, count, 0, MatrixStage::att_out);
            const Vector drive = requantised(stage, "drive", mix.output, first, stage.sums());
            send_drive(stage, drive, layer, LifSite::att, mix.sum);
            finish(stage, MatrixStage::att_out);
        }
        for (std::size_t part = 0; part + 1 < kvr_cuts.size(); ++part) {
            broadcast(first_kvr + static_cast<StageId>(part), 0, first_out, out_cuts.size() - 1,
                      kvr_cuts[part]);
        }
        drive_from_ = first_out;
        drive_cuts_ = out_cuts;
        added_ = &mix.sum;
    }

    /// Key, value and receptance of a run of channels, their WKV recurrence and gate.
    void attention(std::size_t layer, std::size_t part, std::uint32_t first, std::uint32_t count) {
        const models::QuantisedTimeMix& mix = model_.layers[layer].time_mix;
        const std::string name = layer_name(layer);
        StageBuilder stage(name + "att_kvr." + std::to_string(part), 3 * count);
        add_matrix(stage, mix.key, first, count, 0, MatrixStage::att_kvr);
        add_matrix(stage, mix.value, first, count, count, MatrixStage::att_kvr);
        add_matrix(stage, mix.receptance, first, count, 2 * count, MatrixStage::att_kvr);
        const Vector sums = stage.sums();
        const Vector k = requantised(stage, "k", mix.key, first, sums.part(0, count));
        const Vector v = requantised(stage, "v", mix.value, first, sums.part(count, count));
        const Vector r =
            requantised(stage, "r", mix.receptance, first, sums.part(2 * count, count));
        const Vector decay = stage.constant("decay", std::span(mix.decay).subspan(first, count));
        const Vector bonus = stage.constant("first", std::span(mix.first).subspan(first, count));
        const Vector p = stage.state("p", count);
        const Vector q = stage.state("q", count);
        const Vector o = stage.state("o", count, models::fixed::kEmptyExponent);
        const Vector top = stage.scratch("top", count);  // the larger exponent
        const Vector a = stage.scratch("a", count);
        const Vector b = stage.scratch("b", count);
        const Vector y = stage.scratch("y", count);
        const Vector term = stage.scratch("term", count);

        // y = (e^o p + e^(u + k) v) / (e^o q + e^(u + k)), both exponents taken from the larger.
        stage.add(b, bonus, k);
        stage.maximum(top, o, b);
        stage.subtract(a, o, top);
        stage.exponential(a, a);
        stage.subtract(b, b, top);
        stage.exponential(b, b);
        stage.multiply(y, a, p);
        stage.multiply(term, b, v);
        stage.add(y, y, term);
        stage.multiply(term, a, q);
        stage.add(term, term, b);
        stage.divide(y, y, term);

        // p = e^(o + w) p + e^k v and q likewise, again on the scale of the larger exponent.
        stage.add(o, o, decay);
        stage.maximum(top, o, k);
        stage.subtract(a, o, top);
        stage.exponential(a, a);
        stage.subtract(b, k, top);
        stage.exponential(b, b);
        stage.multiply(p, a, p);
        stage.multiply(term, b, v);
        stage.add(p, p, term);
        stage.multiply(q, a, q);
        stage.add(q, q, b);
        stage.copy(o, top);

        stage.sigmoid(r, r);
        stage.multiply(y, r, y);
        if (mix.output.input.spikes()) {
            send_spikes(stage, y, layer, LifSite::att_output);
        } else {
            narrow_to(stage, y, y, mix.output.input);
            stage.output(name + "att.gated", y, Encoding::dense, mix.output.input.bits);
        }
        finish(stage, MatrixStage::att_kvr);
    }

    void channel_mix(std::size_t layer) {
        const models::QuantisedChannelMix& mix = model_.layers[layer].channel_mix;
        const std::string name = layer_name(layer);
        const StageId norm = mixing_norm(
            layer, name + "ffn_norm", mix.norm,
            {{"k", &mix.mix_key, mix.key.input, LifSite::ffn_key},
             {"r", &mix.mix_receptance, mix.receptance.input, LifSite::ffn_receptance}});
        relay_residual(name + "ffn_skip.", layout_.ffn_relays);

        const std::vector<std::uint32_t> key_cuts = cuts_of(MatrixStage::ffn_key);
        const StageId first_key = next_stage();
        for (std::size_t part = 0; part + 1 < key_cuts.size(); ++part) {
            const std::uint32_t first = key_cuts[part];
            const std::uint32_t count = key_cuts[part + 1] - first;
            StageBuilder stage(name + "ffn_key." + std::to_string(part), count);
            add_matrix(stage, mix.key, first, count, 0, MatrixStage::ffn_key);
            const Vector k = requantised(stage, "k", mix.key, first, stage.sums());
            send_hidden(stage, k, layer);
            finish(stage, MatrixStage::ffn_key);
        }

        const std::vector<std::uint32_t> out_cuts = cuts_of(MatrixStage::ffn_out);
        const StageId first_out = next_stage();
        for (std::size_t part = 0; part + 1 < out_cuts.size(); ++part) {
            const std::uint32_t first = out_cuts[part];
            const std::uint32_t count = out_cuts[part + 1] - first;
            StageBuilder stage(name + "ffn_out." + std::to_string(part), 2 * count);
            add_matrix(stage, mix.value, first, count, 0, MatrixStage::ffn_out);
            add_matrix(stage, mix.receptance, first, count, count, MatrixStage::ffn_out);
            const Vector v = requantised(stage, "v", mix.value, first, stage.sums().part(0, count));
            const Vector r =
                requantised(stage, "r", mix.receptance, first, stage.sums().part(count, count));
            const Vector drive = stage.scratch("drive", count);
            stage.sigmoid(r, r);
            stage.multiply(drive, r, v);
            send_drive(stage, drive, layer, LifSite::ffn, mix.sum);
            finish(stage, MatrixStage::ffn_out);
        }

        broadcast(norm, 0, first_key, key_cuts.size() - 1, 0);
        broadcast(norm, 1, first_out, out_cuts.size() - 1, hidden_);
        for (std::size_t part = 0; part + 1 < key_cuts.size(); ++part) {
            broadcast(first_key + static_cast<StageId>(part), 0, first_out, out_cuts.size() - 1,
                      key_cuts[part]);
        }
        drive_from_ = first_out;
        drive_cuts_ = out_cuts;
        added_ = &mix.sum;
    }

    /// What the hidden channels make of their sums `k`.
    void send_hidden(StageBuilder& stage, Vector k, std::size_t layer) {
        const EventFormat format = model_.layers[layer].channel_mix.value.input;
        if (format.spikes()) {
            send_spikes(stage, k, layer, LifSite::ffn_value);
            return;
        }
        stage.rectify(k, k);
        if (model_.config.ffn_activation == models::FfnActivation::relu_squared) {
            stage.multiply(k, k, k);
        }
        narrow_to(stage, k, k, format);
        // Where the network spikes, what ReLU leaves at 0 is not sent.
        stage.output(layer_name(layer) + "ffn.hidden", k,
                     model_.config.spiking() ? Encoding::graded : Encoding::dense, format.bits);
    }

    void final_norm_and_head() {
        StageBuilder norm("final_norm", channels_);
        const Vector h = normalised(norm, model_.final_norm, residual(norm, added_));
        narrow_to(norm, h, h, model_.head.input);
        norm.output("final_norm.x", h, Encoding::dense, model_.head.input.bits);
        const StageId from = finish(norm);
        join_residual(from);

        const std::vector<std::uint32_t> head_cuts = cuts_of(MatrixStage::head);
        const StageId first_head = next_stage();
        const auto host = static_cast<StageId>(first_head + head_cuts.size() - 1);
        for (std::size_t part = 0; part + 1 < head_cuts.size(); ++part) {
            const std::uint32_t first = head_cuts[part];
            const std::uint32_t count = head_cuts[part + 1] - first;
            StageBuilder stage("head." + std::to_string(part), count);
            add_matrix(stage, model_.head, first, count, 0, MatrixStage::head);
            const Vector logits = requantised(stage, "logits", model_.head, first, stage.sums());
            stage.output("head.logits", logits, Encoding::dense, 32, {{host, first}});
            finish(stage, MatrixStage::head);
        }
        broadcast(from, 0, first_head, head_cuts.size() - 1, 0);
    }

    const models::QuantisedModel& model_;
    const Layout& layout_;
    SparseCounts& sparse_;
    const std::uint32_t channels_;
    const std::uint32_t hidden_;
    const std::uint32_t vocabulary_;
    StageGraph graph_;

    // Where the next norm gets the residual stream from: the last output of a norm, of the last of
    // its relays, or of embed, and that of each part of the sub-block behind it, whose values have
    // the format `added_`.
    StageId residual_from_ = 0;
    std::vector<StageId> relays_;
    StageId drive_from_ = 0;
    std::vector<std::uint32_t> drive_cuts_;
    const EventFormat* added_ = nullptr;
};

}  // namespace

StageGraph build_spikegpt(const models::QuantisedModel& model, const Layout& layout,
                          SparseCounts& sparse) {
    return GraphBuilder(model, layout, sparse).build();
}

StageGraph build_spikegpt(const models::QuantisedModel& model, const Layout& layout) {
    SparseCounts sparse;
    return build_spikegpt(model, layout, sparse);
}

}  // namespace spikeloom::workloads
