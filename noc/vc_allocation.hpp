// Virtual channel allocation of one router in one cycle: which waiting inputs get channels of
// outputs.
#pragma once

#include "noc/arbiters.hpp"
#include "noc/forks.hpp"
#include "noc/router_state.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::noc {

template <int Words>
class VcAllocation {
  public:
    VcAllocation(const Fabric& fabric, RouterRegisters<Words>& registers, Forks& forks,
                 Arbiters& arbiters)
        : fabric_(fabric),
          registers_(registers),
          forks_(forks),
          arbiters_(arbiters),
          shift_(fabric.shift),
          chooses_(fabric.routes.chooses()),
          speculative_(fabric.config.speculative),
          single_(fabric.shift == 0 && arbiters.in_turn() && !chooses_ && !speculative_ &&
                  fabric.config.flow_control == FlowControl::wormhole) {}

    struct Outcome {
        VcGrants<Words> grants;
        /// What still waits may have success in the next cycle without anything else happening
        /// before.
        bool hopeful;
    };

    Outcome allocate(const Router<Words>& router) {
        const RouterSets<Words>& sets = router.sets;
        Outcome outcome{};
        const bool forks = !(sets.waiting & sets.forked).empty();
        if (chooses_ || speculative_ || sets.contended || forks) {
            if (sets.hopeful) {
                outcome = single_ && !forks ? allocate_single_channels(router)
                                            : allocate_among_all(router);
            }
            return outcome;
        }
        for (VcSet<Words> left = sets.waiting.given(sets.hopeful); !left.empty();) {
            allocate_alone(router, left.take_first(), outcome.grants);
        }
        return outcome;
    }

  private:
    /// An input channel that asks for channels of an output.
    struct Request {
        int input;
        int output;
        std::uint32_t wanted;
        std::uint32_t granted;
    };
    using Choice = Arbiters::Choice;

    /// The most frequent case: nobody else wants a channel of its output port.
    void allocate_alone(const Router<Words>& router, int input, VcGrants<Words>& grants) {
        const InputVc& in = router.inputs[input];
        const std::uint32_t vcs = available(router, in.output, in.wanted, in.room);
        if (vcs != 0) {
            router.sets.asked &= ~(std::uint64_t{1} << in.output);
            accept(router, {input, in.output, vcs, vcs}, grants);
        }
    }

    /// Where ports have one channel: of those that want a free one, the first at or after its
    /// pointer gets it. Who gets none waits until it is released.
    [[gnu::noinline]] Outcome allocate_single_channels(Router<Words> router) {
        Outcome outcome{};
        RouterSets<Words>& sets = router.sets;
        for (VcSet<Words> left = sets.waiting; !left.empty();) {
            const int input = left.take_first();
            wanting_[router.inputs[input].output] |= std::uint64_t{1} << input;
        }
        sets.contended = false;
        for (std::uint64_t ports = sets.asked; ports != 0; ports &= ports - 1) {
            const int output = std::countr_zero(ports);
            std::uint64_t inputs = wanting_[static_cast<std::size_t>(output)];
            wanting_[static_cast<std::size_t>(output)] = 0;
            if (inputs != 0 && sets.unowned.has(output)) {
                const int input = first_at(inputs, router.outputs[output].grant);
                accept(router, {input, output, 1, 1}, outcome.grants);
                inputs &= ~(std::uint64_t{1} << input);
            }
            sets.asked &= ~(static_cast<std::uint64_t>(inputs == 0) << output);
            sets.contended |= (inputs & (inputs - 1)) != 0;
        }
        return outcome;
    }

    void find_contention(const Router<Words>& router) {
        router.sets.asked = 0;
        router.sets.contended = false;
        for (VcSet<Words> left = router.sets.waiting - router.sets.forked; !left.empty();) {
            router.sets.ask(router.inputs[left.take_first()].output);
        }
    }

    /// Values are handed over, not references: so the frequent case has its own in registers.
    [[gnu::noinline]] Outcome allocate_among_all(Router<Words> router) {
        VcGrants<Words> grants;
        requests_.clear();
        wanted_ = 0;
        contended_ = 0;
        for (VcSet<Words> left = router.sets.waiting; !left.empty();) {
            const int input = left.take_first();
            if (router.sets.forked.has(input)) {
                ask_for_branches(router, input);
                continue;
            }
            if (chooses_) {
                choose_port(router, input);
            }
            const InputVc& in = router.inputs[input];
            const std::uint32_t vcs = available(router, in.output, in.wanted, in.room);
            ask(input, in.output, vcs);
            if (speculative_ && credited(router, in.output, vcs) != 0) {
                grants.gambling.insert(input);
            }
        }
        for (; contended_ != 0; contended_ &= contended_ - 1) {
            grant(router, std::countr_zero(contended_));
        }
        for (const Request& request : requests_) {
            if (request.granted != 0) {
                accept(router, request, grants);
            }
        }
        find_contention(router);
        return {grants, !requests_.empty() && !router.sets.waiting.empty()};
    }

    void ask(int input, int output, std::uint32_t vcs) {
        if (vcs != 0) {
            contended_ |= wanted_ & std::uint64_t{1} << output;
            wanted_ |= std::uint64_t{1} << output;
            requests_.push_back({input, output, vcs, vcs});  // what it gets where it is alone
        }
    }

    void ask_for_branches(const Router<Words>& router, int input) {
        const Fork& fork = forks_.at(registers_.index(router.sets.first_port, input));
        const int vc = input & ((1 << shift_) - 1);
        for (std::uint64_t left = fork.waiting; left != 0; left &= left - 1) {
            const int output = std::countr_zero(left);
            const std::uint32_t wanted =
                fabric_.routes.escapes() && router.ports[output].end == kRouter
                    ? fabric_.channels.of_part(vc, false)
                    : fabric_.routes.vcs(router.id, input >> shift_, vc, output);
            ask(input, output, available(router, output, wanted, router.inputs[input].room));
        }
    }

    /// The channels of a port that nobody owns and that have room.
    std::uint32_t available(const Router<Words>& router, int output, std::uint32_t wanted,
                            unsigned room) const {
        std::uint32_t vcs = wanted & router.sets.unowned.of_port(output, shift_);
        for (std::uint32_t left = room == 0 ? 0 : vcs; left != 0; left &= left - 1) {
            const int vc = std::countr_zero(left);
            if (router.outputs[output << shift_ | vc].writer.credits < room) {
                vcs &= ~(std::uint32_t{1} << vc);
            }
        }
        return vcs;
    }
    std::uint32_t credited(const Router<Words>& router, int output, std::uint32_t vcs) const {
        return available(router, output, vcs, 1);
    }

    /// Where routing leaves a choice a packet asks at the port whose free channels have most
    /// credits; where none is free, for its escape channel if it has one.
    void choose_port(const Router<Words>& router, int input) {
        const Routes& routes = fabric_.routes;
        InputVc& in = router.inputs[input];
        const Flit head = fabric_.flits[in.ring + in.reader.head];
        const PacketTable::Record& packet = fabric_.packets[head.packet()];
        const int vc = input & ((1 << shift_) - 1);
        const std::uint32_t onward = fabric_.channels.onward(vc);
        const std::uint32_t ports = routes.ports(router.id, packet.source, head.destination());
        const std::uint32_t adaptive =
            routes.escapes() ? fabric_.channels.of_part(vc, true) : onward;
        const bool cut_through = fabric_.config.flow_control == FlowControl::virtual_cut_through;
        const unsigned whole =
            std::min<unsigned>(packet.flits, static_cast<unsigned>(fabric_.config.buffer));
        int best = -1;
        unsigned most = 0;
        for (std::uint32_t left = ports; left != 0; left &= left - 1) {
            const int port = std::countr_zero(left);
            if (router.ports[port].end == kNode) {
                in.output = static_cast<std::uint8_t>(port);
                in.wanted = static_cast<std::uint16_t>(onward);
                in.room = static_cast<std::uint16_t>(cut_through ? whole : 0);
                return;
            }
            // With an escape channel an adaptive one may be taken only where the whole packet finds
            // room, or in an empty buffer: else a head could wait behind another packet, out of
            // reach of its escape channel (Ma, Enright Jerger and Wang, "Whole packet forwarding",
            // HPCA 2012).
            const unsigned room = routes.escapes() || cut_through ? whole : 0;
            unsigned credits = 0;
            for (std::uint32_t free = available(router, port, adaptive, room); free != 0;
                 free &= free - 1) {
                credits +=
                    1U + router.outputs[port << shift_ | std::countr_zero(free)].writer.credits;
            }
            if (best < 0 || credits > most) {
                best = port;
                most = credits;
                in.room = static_cast<std::uint16_t>(room);
            }
        }
        in.output = static_cast<std::uint8_t>(best);
        in.wanted = static_cast<std::uint16_t>(adaptive);
        if (most == 0 && routes.escapes()) {
            in.output = static_cast<std::uint8_t>(routes.port(router.id, vc, head.destination()));
            in.wanted = static_cast<std::uint16_t>(fabric_.channels.of_part(vc, false));
            in.room = static_cast<std::uint16_t>(cut_through ? whole : 0);
        }
    }

    Cycle ready(const Router<Words>& router, int input) const {
        const InputVc& in = router.inputs[input];
        return fabric_.packets[fabric_.flits[in.ring + in.reader.head].packet()].ready;
    }

    /// Every channel of an output that several requests want grants one of them.
    void grant(const Router<Words>& router, int output) {
        for (Request& request : requests_) {
            request.granted = request.output == output ? 0 : request.granted;
        }
        std::uint32_t left = router.sets.unowned.of_port(output, shift_);
        for (; left != 0; left &= left - 1) {
            const int vc = std::countr_zero(left);
            Request* const chosen = arbiters_.in_turn() ? next_in_turn(router, output, vc)
                                                        : least_in_rank(router, output, vc);
            if (chosen != nullptr) {
                chosen->granted |= std::uint32_t{1} << vc;
            }
        }
    }

    Request* next_in_turn(const Router<Words>& router, int output, int vc) {
        const int pointer = router.outputs[output << shift_ | vc].grant;
        Request* first = nullptr;
        for (Request& request : requests_) {
            if (request.output == output && (request.wanted >> vc & 1) != 0) {
                if (request.input >= pointer) {
                    return &request;
                }
                first = first != nullptr ? first : &request;
            }
        }
        return first;
    }

    Request* least_in_rank(const Router<Words>& router, int output, int vc) {
        const std::size_t arbiter = registers_.index(router.sets.first_port, output << shift_ | vc);
        Request* best = nullptr;
        std::uint64_t least = 0;
        for (Request& request : requests_) {
            if (request.output == output && (request.wanted >> vc & 1) != 0) {
                const std::uint64_t rank = arbiters_.rank(Choice::output_vc, arbiter, request.input,
                                                          ready(router, request.input));
                if (best == nullptr || rank < least) {
                    best = &request;
                    least = rank;
                }
            }
        }
        return best;
    }

    /// The channel an input takes of those granted to it, all of one port. So the pointer matters
    /// only where it points into that port. To an age arbiter all are the same packet's: the first.
    int choose_vc(const Router<Words>& router, const Request& request) const {
        const InputVc& in = router.inputs[request.input];
        if (arbiters_.in_turn()) {
            const int pointer = in.accept_vc & -static_cast<int>(in.accept_port == request.output);
            return first_at(request.granted, pointer);
        }
        const std::size_t arbiter = registers_.index(router.sets.first_port, request.input);
        const auto rank = [&](int vc) {
            return arbiters_.rank(Choice::input_vc, arbiter, request.output << shift_ | vc, 0);
        };
        int best = std::countr_zero(request.granted);
        for (std::uint32_t left = request.granted; left != 0; left &= left - 1) {
            const int vc = std::countr_zero(left);
            best = rank(vc) < rank(best) ? vc : best;
        }
        return best;
    }

    void accept(const Router<Words>& router, const Request& request, VcGrants<Words>& grants) {
        const int vc = choose_vc(router, request);
        const int output = request.output << shift_ | vc;
        OutputVc& out = router.outputs[output];
        InputVc& in = router.inputs[request.input];
        in.accept_port = static_cast<std::uint8_t>(request.output);
        in.accept_vc = static_cast<std::uint8_t>(vc + 1);
        out.owner = static_cast<std::uint16_t>(request.input);
        out.grant = static_cast<std::uint16_t>(request.input + 1);
        ++out.taken;
        router.sets.unowned.erase(output);
        grants.winners.insert(request.input);
        const PortId first = router.sets.first_port;
        if (arbiters_.remember()) {
            arbiters_.serve(Choice::output_vc, registers_.index(first, output), request.input,
                            fabric_.now);
            arbiters_.serve(Choice::input_vc, registers_.index(first, request.input), output,
                            fabric_.now);
        }
        if (!router.sets.forked.has(request.input)) {
            in.output_vc = static_cast<std::uint8_t>(vc);
            router.sets.waiting.erase(request.input);
            grants.credited.insert_if(out.writer.credits != 0, request.input);
            return;
        }
        Fork& fork = forks_.at(registers_.index(first, request.input));
        const auto port = static_cast<std::size_t>(request.output);
        fork.output_vc[port] = static_cast<std::uint8_t>(vc);
        fork.next[port] = 0;
        fork.won |= std::uint64_t{1} << request.output;
        fork.waiting &= ~fork.won;
        if (fork.waiting == 0) {
            router.sets.waiting.erase(request.input);
        }
    }

    const Fabric& fabric_;
    RouterRegisters<Words>& registers_;
    Forks& forks_;
    Arbiters& arbiters_;
    int shift_;
    bool chooses_;
    bool speculative_;
    bool single_;  // ports have one channel, and nothing but its pointer matters to who gets it
    // Of the router at work.
    std::vector<Request> requests_;
    std::array<std::uint64_t, kMostPorts>
        wanting_{};                // by output: inputs, where it has one channel
    std::uint64_t wanted_ = 0;     // outputs
    std::uint64_t contended_ = 0;  // outputs wanted more than once
};

}  // namespace spikeloom::noc
