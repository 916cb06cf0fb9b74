#include "noc/virtual_channels.hpp"

namespace spikeloom::noc {

VirtualChannels::VirtualChannels(const NetworkConfig& config)
    : per_flow_(config.vc_choice == VcChoice::per_flow) {
    const bool parted = config.kinds_of_vcs() == 2;
    const bool escape = config.routing == Routing::adaptive;
    const std::vector<int> counts =
        config.message_classes.empty() ? std::vector<int>{config.vcs} : config.message_classes;
    for (const int count : counts) {
        const auto first = static_cast<int>(vcs_.size());
        const int part = !parted ? count : escape ? 1 : count / 2;  // channels of the first part
        const auto range = [&](int from, int channels) {
            return ((std::uint32_t{1} << channels) - 1) << from;
        };
        const std::uint32_t all = range(first, count);
        const std::uint32_t parts[2] = {range(first, part), range(first + part, count - part)};
        // A flow keeps its place in either half of the channels of a torus.
        classes_.push_back({first, config.wraps() ? part : count, all, parts[0]});
        for (int vc = first; vc < first + count; ++vc) {
            const bool second = vc >= first + part;
            Vc entry{all, {parts[0], parts[1]}, second};
            if (config.routing == Routing::o1turn) {
                entry.onward = parts[second ? 1 : 0];
            }
            if (per_flow_) {
                const int place = second ? vc - part : vc;
                entry.onward = std::uint32_t{1} << vc;
                entry.parts[0] = std::uint32_t{1} << place;
                entry.parts[1] = std::uint32_t{1} << (place + part);
            }
            vcs_.push_back(entry);
        }
    }
}

int VirtualChannels::of_flow(NodeId source, NodeId destination, int message_class) const {
    // The multipliers and shifts of MurmurHash3's 32-bit finaliser spread every bit over the word.
    std::uint32_t hash = source << 16 ^ destination;
    hash = (hash ^ hash >> 16) * 0x85ebca6bU;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35U;
    hash ^= hash >> 16;
    const Class& chosen = classes_[static_cast<std::size_t>(message_class)];
    return chosen.first +
           static_cast<int>(std::uint64_t{hash} * static_cast<std::uint64_t>(chosen.flows) >> 32);
}

}  // namespace spikeloom::noc
