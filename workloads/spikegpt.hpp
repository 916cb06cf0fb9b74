// SpikeGPT as stages. As published, in the dataflow "dense": what the matrices read travels as
// dense vectors, between the sub-blocks travel the residual stream, dense, and the spikes, one
// address each. In lif_linear it is the other way round: the matrices read spikes (xk, xv, xr,
// gated and hidden below), and what the sub-blocks send into the residual stream is dense.
//
//   host -token-> embed -x-> layer0.att_norm
//
//   layerL.att_norm -xk, xv, xr-> att_kvr.* -gated-> att_out.* -spikes-> ffn_norm
//                   -x--------------------------------------------------> ffn_norm
//   layerL.ffn_norm -xk-> ffn_key.* -hidden-> ffn_out.*  -spikes-> next norm
//                   -xr---------------------> ffn_out.*
//                   -x----------------------------------------> next norm
//
//   final_norm -x-> head.* -logits-> host
//
// The next norm is layer L+1's att_norm, or final_norm. A stage marked * has a part for each run of
// its matrix's rows; everything else about a channel stays in the part that has it.
//
// The residual stream x overtakes the sub-block beside it, and waits at the next norm. A stage has
// room for one or two tokens only, so x may pass relays on its way, stages that do nothing but hold
// it; they share the core of the norm they lead to.
#pragma once

#include "arch/program.hpp"
#include "models/quantised_model.hpp"
#include "workloads/weight_packing.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace spikeloom::workloads {

/// The stages that hold matrices, of every layer or, the head, of the model.
enum class MatrixStage { att_kvr, att_out, ffn_key, ffn_out, head };
inline constexpr std::size_t kMatrixStages = 5;
const char* name_of(MatrixStage stage);

template <class T>
using PerMatrixStage = std::array<T, kMatrixStages>;

/// How the stages are cut and where their weights live.
struct Layout {
    PerMatrixStage<std::uint32_t> parts = {1, 1, 1, 1, 1};
    PerMatrixStage<bool> streamed = {};  // from DRAM, row by row, instead of resident in the core
    std::uint32_t granule = 1;     // parts are cut at multiples of so many rows if they can be
    std::uint32_t att_relays = 0;  // of the residual stream beside each time-mix
    std::uint32_t ffn_relays = 0;  // beside each channel-mix
    std::uint32_t sparse_index_bits = 0;  // of sparse rows, where they are the shorter; 0: none
};

/// Rows of a matrix stage: channels, hidden units or tokens.
std::uint32_t rows_of(MatrixStage stage, const models::ModelConfig& config);

/// The first row of each part and, last, the number of rows: as even as can be, in whole granules
/// where there is one for each part at least.
std::vector<std::uint32_t> cuts(std::uint32_t rows, std::uint32_t parts, std::uint32_t granule);
/// Rows of the largest part.
std::uint32_t largest_part(std::uint32_t rows, std::uint32_t parts, std::uint32_t granule);

/// The rows that a block of axons needs in a memory; packed when the addresses are known.
struct BlockRows {
    arch::StageId stage = 0;
    std::size_t block = 0;  // in the stage's axon blocks
    std::function<PackedRows()> pack;
};

/// Stages without tiles and addresses, in the order of the dataflow.
struct StageGraph {
    arch::Program program;
    std::vector<std::optional<MatrixStage>> kinds;  // of the stages; none: holds no matrix
    std::vector<arch::StageId> leaders;  // whose core a stage shares: its own, or a relay's norm's
    std::vector<arch::StageId> norms;    // in the order of the dataflow, two a layer and the last
    std::vector<BlockRows> rows;
};

/// Keeps references to the model in `rows`. Parts must be between 1 and the rows of their stage.
/// `sparse` keeps what was counted for one layout for the next of the same model.
StageGraph build_spikegpt(const models::QuantisedModel& model, const Layout& layout,
                          SparseCounts& sparse);
StageGraph build_spikegpt(const models::QuantisedModel& model, const Layout& layout);

}  // namespace spikeloom::workloads
