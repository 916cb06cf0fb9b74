#include "noc/energy.hpp"

#include "base/schema.hpp"
#include "noc/graph.hpp"

#include <algorithm>

namespace spikeloom::noc {

void describe(schema::Walk& walk, FlitEnergy& flit) {
    walk.required().integer("bits", flit.bits, {1, 65536}, "width of the flit");
    walk.required().number("buffer_write_j", flit.buffer_write_j, {0.0, 1.0}, "writing it, J");
    walk.required().number("buffer_read_j", flit.buffer_read_j, {0.0, 1.0}, "reading it, J");
    walk.required().number("crossbar_j", flit.crossbar_j, {0.0, 1.0}, "crossing a switch, J");
}

void describe(schema::Walk& walk, EnergyTable& table) {
    walk.list("flits", table.flits,
              "what flits cost in a router, by their width; other widths are scaled per bit");
    const auto number = [&](const char* key, double& field, const char* about) {
        walk.number(key, field, {0.0, 1.0}, about);
    };
    number("buffer_write_j_per_bit", table.buffer_write_j_per_bit,
           "writing into a buffer, J a bit of a width that is not among flits");
    number("buffer_read_j_per_bit", table.buffer_read_j_per_bit,
           "reading from a buffer, J a bit of such a width");
    number("crossbar_j_per_bit", table.crossbar_j_per_bit,
           "crossing a switch, J a bit of such a width");
    number("route_j", table.route_j, "computing a route, J");
    number("arbitration_j", table.arbitration_j, "winning a virtual channel, or the switch, J");
    number("link_j_per_bit_mm", table.link_j_per_bit_mm, "crossing a link, J a bit and mm");
    number("interface_j_per_bit", table.interface_j_per_bit,
           "between a router and its node, either way, J a bit");
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
    std::uint64_t interface_flits = 0;
    for (NodeId node = 0; node < graph.nodes(); ++node) {
        interface_flits += network.injected_flits(node) + network.ejected_flits(node);
    }
    const FlitEnergy per_bit{config.flit_bits, table.buffer_write_j_per_bit * bits,
                             table.buffer_read_j_per_bit * bits, table.crossbar_j_per_bit * bits};
    const auto row = std::find_if(table.flits.begin(), table.flits.end(),
                                  [&](const FlitEnergy& f) { return f.bits == config.flit_bits; });
    const FlitEnergy& flit = row == table.flits.end() ? per_bit : *row;
    const double leakage_w = bits * (table.buffer_leakage_w_per_bit * buffers * config.buffer +
                                     table.crossbar_leakage_w_per_bit * graph.routers() +
                                     table.link_leakage_w_per_bit_mm * link_mm) +
                             table.router_leakage_w * graph.routers();
    NetworkEnergy energy;
    energy.by_width = row != table.flits.end();
    energy.buffer_write_j = flit.buffer_write_j * static_cast<double>(counts.buffer_writes);
    energy.buffer_read_j = flit.buffer_read_j * static_cast<double>(counts.buffer_reads);
    energy.crossbar_j = flit.crossbar_j * static_cast<double>(counts.crossbar_flits);
    energy.routing_j = table.route_j * static_cast<double>(counts.routes);
    energy.arbitration_j = table.arbitration_j *
                           static_cast<double>(counts.vc_allocations + counts.switch_allocations);
    energy.link_j = table.link_j_per_bit_mm * bits * flit_mm;
    energy.interface_j = table.interface_j_per_bit * bits * static_cast<double>(interface_flits);
    energy.leakage_j = leakage_w * static_cast<double>(cycles) / config.clock_hz;
    return energy;
}

}  // namespace spikeloom::noc
