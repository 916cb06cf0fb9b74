// Into how many parts the matrices are cut, and where their weights live.
//
// The rule, in three steps:
// 1. The head lives in DRAM, beside the embedding, and is streamed row by row, unless it is asked
// to
//    stay in the cores. The layers' weights stay in the cores' synapse memories while there is
//    room. Where there is not, whole kinds of matrices are streamed instead, for all layers, the
//    head first (its loss is felt once, not once a layer), then ffn_key, ffn_out, att_kvr, att_out.
// 2. Each kind gets the fewest parts whose stages fit into a core each.
// 3. From there the kind whose next cut shortens the machine's estimated interval (cycles from
// token
//    to token, the busiest core's) most gets more parts; where none shortens that, the one that
//    shortens the estimated latency of a token most; until no cut helps or the cores are used up.
//    More parts are not always better: a norm sends its vector to each part of the next stage.
// The residual stream gets so many relays beside a sub-block that the tokens inside the sub-block
// have room to wait there, as far as the accumulators of the norms' cores go.
#pragma once

#include "arch/config.hpp"
#include "models/quantised_model.hpp"
#include "workloads/resources.hpp"
#include "workloads/spikegpt.hpp"
#include "workloads/traffic.hpp"

#include <string>

namespace spikeloom::workloads {

/// Where the head's weights are wanted.
enum class HeadHome {
    dram,   ///< with the embedding in a memory tile, fetched over the network for every token
    cores,  ///< in synapse memory, where there is room
};

/// Throws InputError naming the homes there are.
HeadHome head_home_named(const std::string& name);

/// How the rows of the matrices' parts are kept.
enum class RowKind {
    dense,    ///< all of them dense
    shorter,  ///< each part's sparse where that takes less room, on a chip that has sparse rows
};

/// Throws InputError naming the kinds there are.
RowKind row_kind_named(const std::string& name);

struct Partition {
    Layout layout;
    StageGraph graph;  // built by the layout
    CoreOfStage cores;
    double interval = 0.0;    // cycles from token to token, estimated
    double latency = 0.0;     // cycles a token, estimated
    double beside_att = 0.0;  // of those, the most from a norm to the next, across a time-mix
    double beside_ffn = 0.0;  // across a channel-mix
};

/// Throws InputError, saying what is needed and what the chip has, where the model does not fit.
Partition partition(const models::QuantisedModel& model, const arch::ChipConfig& chip,
                    const Activity& activity, HeadHome head = HeadHome::cores,
                    RowKind rows = RowKind::shorter);

}  // namespace spikeloom::workloads
