// What every tile shares: the network they send into, the messages under way, the clocks, and who
// watches.
#pragma once

#include "arch/clock.hpp"
#include "arch/config.hpp"
#include "arch/events.hpp"
#include "arch/message.hpp"
#include "arch/probe.hpp"
#include "noc/network_module.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::arch {

struct Fabric {
    const ChipConfig& config;
    const Program& program;
    noc::NetworkModule& network;
    Counts& counts;
    Clocks clocks;
    noc::PacketFormat format;
    MessagePool messages = {};
    std::vector<std::uint32_t> index_on_tile = {};  // of each stage, among those of its tile
    Probe* probe = nullptr;
    std::uint64_t progress = 0;  // grows with everything that a stalled chip would not do

    /// The tile of a stage; the host's for the StageId after the last.
    TileId tile_of(StageId stage) const {
        return stage < program.stages.size() ? program.stages[stage].tile : program.host.tile;
    }

    std::string name_of(StageId stage) const {
        return stage < program.stages.size() ? "'" + program.stages[stage].name + "'" : "the host";
    }

    /// Hands a packet to the network interface of `from`; its tail was written into the interface's
    /// queue in the core cycle `written`, and it may be injected once the network has seen that.
    void send(Message message, TileId from, TileId to, MessageClass message_class,
              std::uint16_t flits, Cycle written);
};

}  // namespace spikeloom::arch
