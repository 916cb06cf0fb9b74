#include "noc/energy.hpp"

#include "base/schema.hpp"
#include "noc/graph.hpp"

namespace spikeloom::noc {

void describe(schema::Walk& walk, EnergyTable& table) {
    const auto number = [&](const char* key, double& field, const char* about) {
        walk.number(key, field, {0.0, 1.0}, about);
    };
    number("buffer_write_j_per_bit", table.buffer_write_j_per_bit,
           "writing into a buffer, J a bit");
    number("buffer_read_j_per_bit", table.buffer_read_j_per_bit, "reading from a buffer, J a bit");
    number("crossbar_j_per_bit", table.crossbar_j_per_bit, "crossing a switch, J a bit");
    number("route_j", table.route_j, "computing a route, J");
    number("arbitration_j", table.arbitration_j, "winning a virtual channel, J");
    number("link_j_per_bit_mm", table.link_j_per_bit_mm, "crossing a link, J a bit and mm");
    number("buffer_leakage_w_per_bit", table.buffer_leakage_w_per_bit,
           "leakage of a buffer, W a bit it holds");
    number("router_leakage_w", table.router_leakage_w, "leakage of a router's control, W");
    number("crossbar_leakage_w_per_bit", table.crossbar_leakage_w_per_bit,
           "leakage of a router's switch, W a bit of a flit");
    number("link_leakage_w_per_bit_mm", table.link_leakage_w_per_bit_mm,
           "leakage of a link, W a bit and mm");
}

NetworkEnergy energy_of(const Network& network, Cycle cycles, const EnergyTable& table) {
    const NetworkConfig& config = network.config();
    const Graph& graph = network.graph();
    const RouterCounters counts = network.total_counters();
    double flit_mm = 0.0;
    double link_mm = 0.0;
    double buffers = 0.0;
    for (PortId port = 0; port < graph.ports(); ++port) {
        const Link& link = graph.link(port);
        if (link.to != kNone) {
            link_mm += link.length_mm;
            flit_mm += link.length_mm * static_cast<double>(network.link_flits(
                                            graph.router_of(port), graph.number_of(port)));
        }
        buffers += link.to != kNone || graph.node_at(port) != kNone ? config.vcs : 0;
    }
    const double bits = config.flit_bits;
    const auto per_bit = [&](double joules, std::uint64_t flits) {
        return joules * bits * static_cast<double>(flits);
    };
    const double leakage_w = bits * (table.buffer_leakage_w_per_bit * buffers * config.buffer +
                                     table.crossbar_leakage_w_per_bit * graph.routers() +
                                     table.link_leakage_w_per_bit_mm * link_mm) +
                             table.router_leakage_w * graph.routers();
    NetworkEnergy energy;
    energy.buffer_write_j = per_bit(table.buffer_write_j_per_bit, counts.buffer_writes);
    energy.buffer_read_j = per_bit(table.buffer_read_j_per_bit, counts.buffer_reads);
    energy.crossbar_j = per_bit(table.crossbar_j_per_bit, counts.crossbar_flits);
    energy.routing_j = table.route_j * static_cast<double>(counts.routes);
    energy.arbitration_j = table.arbitration_j * static_cast<double>(counts.vc_allocations);
    energy.link_j = table.link_j_per_bit_mm * bits * flit_mm;
    energy.leakage_j = leakage_w * static_cast<double>(cycles) / config.clock_hz;
    return energy;
}

}  // namespace spikeloom::noc
