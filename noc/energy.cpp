#include "noc/energy.hpp"

namespace spikeloom::noc {

double dynamic_energy_j(const Network& network, const EnergyTable& table) {
    const NetworkConfig& config = network.config();
    const RouterCounters counts = network.total_counters();
    std::uint64_t link_flits = 0;
    for (NodeId node = 0; node < static_cast<NodeId>(config.nodes()); ++node) {
        for (int port = 0; port < kLocal; ++port) {
            link_flits += network.link_flits(node, port);
        }
    }
    const double per_bit =
        table.buffer_write_j_per_bit * static_cast<double>(counts.buffer_writes) +
        table.buffer_read_j_per_bit * static_cast<double>(counts.buffer_reads) +
        table.crossbar_j_per_bit * static_cast<double>(counts.crossbar_flits) +
        table.link_j_per_bit_mm * config.link_length_mm * static_cast<double>(link_flits);
    return per_bit * config.flit_bits + table.route_j * static_cast<double>(counts.routes);
}

}  // namespace spikeloom::noc
