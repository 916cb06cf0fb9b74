// Which virtual channels a packet may use.
#pragma once

#include "noc/config.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom::noc {

/// A class has consecutive virtual channels, in the order of the classes, and its packets use no
/// other: a class that stands still holds no buffer that another needs.
class VirtualChannels {
  public:
    explicit VirtualChannels(const NetworkConfig& config);

    int first(int message_class) const { return first_[static_cast<std::size_t>(message_class)]; }
    /// The channels of a class.
    std::uint32_t of_class(int message_class) const {
        return of_class_[static_cast<std::size_t>(message_class)];
    }
    /// What a packet that arrives by channel `vc` may take to the next router: the channels of its
    /// class, or with per_flow the same again.
    std::uint32_t onward(int vc) const { return onward_[static_cast<std::size_t>(vc)]; }
    /// What a packet may take into its source's router.
    std::uint32_t at_source(NodeId source, NodeId destination, int message_class) const {
        return per_flow_ ? std::uint32_t{1} << of_flow(source, destination, message_class)
                         : of_class(message_class);
    }
    /// The channel of a flow under per_flow.
    int of_flow(NodeId source, NodeId destination, int message_class) const;

  private:
    bool per_flow_;
    std::vector<int> first_;
    std::vector<int> count_;
    std::vector<std::uint32_t> of_class_;
    std::vector<std::uint32_t> onward_;
};

}  // namespace spikeloom::noc
