#include "noc/virtual_channels.hpp"

namespace spikeloom::noc {

VirtualChannels::VirtualChannels(const NetworkConfig& config)
    : per_flow_(config.vc_choice == VcChoice::per_flow),
      count_(config.message_classes.empty() ? std::vector<int>{config.vcs}
                                            : config.message_classes) {
    for (const int count : count_) {
        const auto first = static_cast<int>(onward_.size());
        const std::uint32_t all = ((std::uint32_t{1} << count) - 1) << first;
        first_.push_back(first);
        of_class_.push_back(all);
        for (int vc = first; vc < first + count; ++vc) {
            onward_.push_back(per_flow_ ? std::uint32_t{1} << vc : all);
        }
    }
}

int VirtualChannels::of_flow(NodeId source, NodeId destination, int message_class) const {
    // The multipliers and shifts of MurmurHash3's 32-bit finaliser spread every bit over the word.
    std::uint32_t hash = source << 16 ^ destination;
    hash = (hash ^ hash >> 16) * 0x85ebca6bU;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35U;
    hash ^= hash >> 16;
    const auto which = static_cast<std::size_t>(message_class);
    return first_[which] +
           static_cast<int>(std::uint64_t{hash} * static_cast<std::uint64_t>(count_[which]) >> 32);
}

}  // namespace spikeloom::noc
