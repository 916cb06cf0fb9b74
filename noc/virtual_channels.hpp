// Which virtual channels a packet may use, as far as its class and its flow say.
#pragma once

#include "noc/config.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom::noc {

/// A class has consecutive virtual channels, in the order of the classes, and its packets use no
/// other: a class that stands still holds no buffer that another needs.
///
/// Where the routing needs two kinds of channels, those of a class come in two parts. Of a torus, a
/// ring and o1turn the parts are halves, of adaptive the first part is the one escape channel.
class VirtualChannels {
  public:
    explicit VirtualChannels(const NetworkConfig& config);

    /// The channels of a class.
    std::uint32_t of_class(int message_class) const {
        return classes_[static_cast<std::size_t>(message_class)].all;
    }
    int first(int message_class) const {
        return classes_[static_cast<std::size_t>(message_class)].first;
    }

    /// Whether a channel lies in the second part of its class.
    bool second(int vc) const { return vcs_[static_cast<std::size_t>(vc)].second; }
    /// What a packet in channel `vc` may use of a part of its class; with per_flow its flow's.
    std::uint32_t of_part(int vc, bool second) const {
        return vcs_[static_cast<std::size_t>(vc)].parts[second ? 1 : 0];
    }
    /// What a packet in channel `vc` may use where parts do not matter; with per_flow the same.
    std::uint32_t onward(int vc) const { return vcs_[static_cast<std::size_t>(vc)].onward; }

    /// What a packet may take into its source's router. `first_part` confines it to that.
    std::uint32_t at_source(NodeId source, NodeId destination, int message_class,
                            bool first_part) const {
        const Class& chosen = classes_[static_cast<std::size_t>(message_class)];
        if (per_flow_) {
            return std::uint32_t{1} << of_flow(source, destination, message_class);
        }
        return first_part ? chosen.first_part : chosen.all;
    }
    /// The channel of a flow under per_flow, into its source's router.
    int of_flow(NodeId source, NodeId destination, int message_class) const;

  private:
    struct Class {
        int first;
        int flows;  // channels that flows are spread over
        std::uint32_t all;
        std::uint32_t first_part;
    };
    struct Vc {
        std::uint32_t onward;
        std::uint32_t parts[2];
        bool second;
    };

    bool per_flow_;
    std::vector<Class> classes_;
    std::vector<Vc> vcs_;
};

}  // namespace spikeloom::noc
