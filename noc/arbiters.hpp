// Who wins where several ask, other than by turns: the one served longest ago, or the oldest
// packet.
#pragma once

#include "noc/fabric.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom::noc {

/// Who asks is ranked: the least rank wins, of equal ones the first. Round robin needs no ranks:
/// its pointers are in the routers.
class Arbiters {
  public:
    /// The five choices of a router's two allocators.
    enum class Choice {
        output_vc,       // among input channels
        input_vc,        // among the output channels granted to it
        representative,  // of an input port: among its channels
        output_port,     // among input ports
        input_port,      // among the output ports granted to it
    };
    static constexpr std::size_t kChoices = 5;

    /// `channels` is how many numbers the channels of a router's ports take, `arbiters` how many
    /// the channels of all ports do.
    Arbiters(const Fabric& fabric, std::size_t channels, std::size_t arbiters)
        : kind_(fabric.config.arbiter),
          contenders_(channels),
          arbiters_(arbiters),
          served_(kind_ == ArbiterKind::matrix ? kChoices * arbiters * channels : 0) {}

    bool in_turn() const { return kind_ == ArbiterKind::round_robin; }

    /// The rank of contender `who` at an arbiter of a kind of choice. A matrix arbiter keeps an
    /// order of its contenders in which whoever is served becomes last; so the rank is when that
    /// was. An age arbiter goes by when the contender's packet was made ready. To a fixed one all
    /// are equal.
    std::uint64_t rank(Choice choice, std::size_t arbiter, int who, Cycle ready) const {
        return kind_ == ArbiterKind::age      ? ready
               : kind_ == ArbiterKind::matrix ? served_[place(choice, arbiter, who)]
                                              : 0;
    }
    /// Whether they must be told who is served.
    bool remember() const { return kind_ == ArbiterKind::matrix; }
    void serve(Choice choice, std::size_t arbiter, int who, Cycle now) {
        served_[place(choice, arbiter, who)] = now + 1;
    }

  private:
    std::size_t place(Choice choice, std::size_t arbiter, int who) const {
        return (static_cast<std::size_t>(choice) * arbiters_ + arbiter) * contenders_ +
               static_cast<std::size_t>(who);
    }

    ArbiterKind kind_;
    std::size_t contenders_;
    std::size_t arbiters_;
    std::vector<std::uint64_t> served_;
};

}  // namespace spikeloom::noc
