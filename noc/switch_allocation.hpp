// Switch allocation of one router in one cycle: which channels may send a flit through the
// crossbar.
#pragma once

#include "noc/arbiters.hpp"
#include "noc/forks.hpp"
#include "noc/router_state.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace spikeloom::noc {

/// An input sends one flit a cycle and an output passes one. A flit for several outputs may leave
/// by all that are granted to it at once: the crossbar connects an input to several outputs.
template <int Words>
class SwitchAllocation {
  public:
    SwitchAllocation(const Fabric& fabric, RouterRegisters<Words>& registers, Forks& forks,
                     Arbiters& arbiters)
        : fabric_(fabric),
          registers_(registers),
          forks_(forks),
          arbiters_(arbiters),
          shift_(fabric.shift),
          apart_(fabric.shift == 0 && !fabric.config.speculative) {}

    /// The input channels of `candidates` that win their outputs, or some of them if their packet
    /// is for several nodes. `gambling` are candidates that have no channel yet. Nobody wins one of
    /// the `busy` ports.
    VcSet<Words> allocate(const Router<Words>& router, const VcSet<Words>& candidates,
                          const VcSet<Words>& gambling, std::uint64_t busy) {
        VcSet<Words> winners = candidates;
        if (busy != 0 || !all_alone(router, candidates)) {
            winners = allocate_among_all(router, candidates, gambling, busy);
        }
        for (VcSet<Words> left = winners - router.sets.forked; !left.empty();) {
            const int number = left.take_first();
            win(router, number, router.inputs[number].output);
        }
        return winners;
    }
    /// The outputs, as bits, that a packet for several nodes has won in the last allocation.
    std::uint64_t branches(int winner) const {
        return won_[static_cast<std::size_t>(winner >> shift_)];
    }

  private:
    using Choice = Arbiters::Choice;

    /// The most frequent case: no two candidates share an input or want the same output, and none
    /// is for several nodes.
    bool all_alone(const Router<Words>& router, const VcSet<Words>& candidates) const {
        if (!(candidates & router.sets.forked).empty()) {
            return false;
        }
        if (apart_) {
            return true;
        }
        std::uint64_t inputs = 0;
        std::uint64_t outputs = 0;
        std::uint64_t contended = 0;
        for (VcSet<Words> left = candidates; !left.empty();) {
            const int number = left.take_first();
            const std::uint64_t input = std::uint64_t{1} << (number >> shift_);
            const std::uint64_t output = std::uint64_t{1} << router.inputs[number].output;
            contended |= (inputs & input) | (outputs & output);
            inputs |= input;
            outputs |= output;
        }
        return contended == 0;
    }

    /// Values are handed over, not references: so the frequent case has its own in registers.
    [[gnu::noinline]] VcSet<Words> allocate_among_all(Router<Words> router, VcSet<Words> candidates,
                                                      VcSet<Words> gambling, std::uint64_t busy) {
        VcSet<Words> winners;
        gambling_ = gambling;
        std::uint64_t outputs = collect(router, candidates, busy);
        std::uint64_t inputs = 0;
        for (; outputs != 0; outputs &= outputs - 1) {
            const int output = std::countr_zero(outputs);
            const int input = choose_input(router, output);
            const auto to = static_cast<std::size_t>(input);
            grants_[to] = (inputs >> input & 1) != 0 ? grants_[to] : 0;
            grants_[to] |= std::uint64_t{1} << output;
            inputs |= std::uint64_t{1} << input;
        }
        for (; inputs != 0; inputs &= inputs - 1) {
            const int input = std::countr_zero(inputs);
            const int output = choose_output(router, input);
            const int number = representative(input, output);
            winners.insert(number);
            if (router.sets.forked.has(number)) {
                std::uint64_t& won = won_[static_cast<std::size_t>(input)];
                won = win(router, number, output);
                for (std::uint64_t left = same_flit(router, input, output); left != 0;
                     left &= left - 1) {
                    won |= win(router, number, std::countr_zero(left));
                }
            }
        }
        return winners;
    }

    std::uint16_t& representative(int input, int output) {
        return representatives_[static_cast<std::size_t>(input) * kMostPorts +
                                static_cast<std::size_t>(output)];
    }

    /// Finds the channel that represents each input for each output; returns the outputs asked for.
    std::uint64_t collect(const Router<Words>& router, VcSet<Words> candidates,
                          std::uint64_t busy) {
        std::uint64_t outputs = 0;
        const auto ask = [&](int number, int output) {
            if ((busy >> output & 1) != 0) {
                return;
            }
            const int input = number >> shift_;
            std::uint64_t& requests = requests_[static_cast<std::size_t>(output)];
            requests = (outputs >> output & 1) != 0 ? requests : 0;
            std::uint16_t& chosen = representative(input, output);
            if ((requests >> input & 1) == 0 || goes_before(router, number, chosen)) {
                chosen = static_cast<std::uint16_t>(number);
            }
            requests |= std::uint64_t{1} << input;
            outputs |= std::uint64_t{1} << output;
        };
        while (!candidates.empty()) {
            const int number = candidates.take_first();
            if (!router.sets.forked.has(number)) {
                ask(number, router.inputs[number].output);
                continue;
            }
            const Fork& fork = forks_.at(registers_.index(router.sets.first_port, number));
            for (std::uint64_t left = fork.active; left != 0; left &= left - 1) {
                const int output = std::countr_zero(left);
                if (fork.next[static_cast<std::size_t>(output)] <
                    router.inputs[number].reader.visible) {
                    ask(number, output);
                }
            }
        }
        return outputs;
    }

    /// Between channels of one input: who has a channel before who only hopes for one, then who is
    /// first at or after the input's pointer, or least in rank.
    bool goes_before(const Router<Words>& router, int number, int chosen) const {
        const bool hopes = gambling_.has(number);
        if (hopes != gambling_.has(chosen)) {
            return !hopes;
        }
        const int input = number >> shift_;
        const int mask = (1 << shift_) - 1;
        if (arbiters_.in_turn()) {
            const int pointer = router.ports[input].next_vc;
            const auto turn = [&](int vc) { return (vc - pointer) & 31; };
            return turn(number & mask) < turn(chosen & mask);
        }
        const auto rank = [&](int who) {
            return arbiters_.rank(Choice::representative, arbiter(router, input), who & mask,
                                  ready(router, who));
        };
        return rank(number) < rank(chosen);
    }

    int choose_input(const Router<Words>& router, int output) {
        const std::uint64_t requests = requests_[static_cast<std::size_t>(output)];
        if (arbiters_.in_turn()) {
            return first_at(requests, router.ports[output].grant);
        }
        return least(requests, [&](int input) {
            return arbiters_.rank(Choice::output_port, arbiter(router, output), input,
                                  ready(router, representative(input, output)));
        });
    }

    int choose_output(const Router<Words>& router, int input) {
        const std::uint64_t grants = grants_[static_cast<std::size_t>(input)];
        if (arbiters_.in_turn()) {
            return first_at(grants, router.ports[input].accept);
        }
        return least(grants, [&](int output) {
            return arbiters_.rank(Choice::input_port, arbiter(router, input), output,
                                  ready(router, representative(input, output)));
        });
    }

    /// The other outputs granted to the flit that an input sends to `output`.
    std::uint64_t same_flit(const Router<Words>& router, int input, int output) {
        const int number = representative(input, output);
        const Fork& fork = forks_.at(registers_.index(router.sets.first_port, number));
        std::uint64_t same = 0;
        std::uint64_t left = grants_[static_cast<std::size_t>(input)] & fork.active;
        for (left &= ~(std::uint64_t{1} << output); left != 0; left &= left - 1) {
            const int other = std::countr_zero(left);
            if (representative(input, other) == number &&
                fork.next[static_cast<std::size_t>(other)] ==
                    fork.next[static_cast<std::size_t>(output)]) {
                same |= std::uint64_t{1} << other;
            }
        }
        return same;
    }

    /// Moves the pointers past a winner; returns its output as a bit.
    std::uint64_t win(const Router<Words>& router, int number, int output) {
        const int input = number >> shift_;
        const int vc = number & ((1 << shift_) - 1);
        router.ports[input].accept = static_cast<std::uint8_t>(output + 1);
        router.ports[input].next_vc = static_cast<std::uint8_t>(vc + 1);
        router.ports[output].grant = static_cast<std::uint8_t>(input + 1);
        if (arbiters_.remember()) {
            const Cycle now = fabric_.now;
            arbiters_.serve(Choice::representative, arbiter(router, input), vc, now);
            arbiters_.serve(Choice::output_port, arbiter(router, output), input, now);
            arbiters_.serve(Choice::input_port, arbiter(router, input), output, now);
        }
        return std::uint64_t{1} << output;
    }

    std::size_t arbiter(const Router<Words>& router, int port) const {
        return registers_.index(router.sets.first_port, port << shift_);
    }
    Cycle ready(const Router<Words>& router, int number) const {
        const InputVc& in = router.inputs[number];
        return fabric_.packets[fabric_.flits[in.ring + in.reader.head].packet()].ready;
    }
    template <class Rank>
    static int least(std::uint64_t set, Rank&& rank) {
        int best = std::countr_zero(set);
        for (; set != 0; set &= set - 1) {
            const int member = std::countr_zero(set);
            best = rank(member) < rank(best) ? member : best;
        }
        return best;
    }

    const Fabric& fabric_;
    RouterRegisters<Words>& registers_;
    Forks& forks_;
    Arbiters& arbiters_;
    int shift_;
    bool apart_;  // a port has one channel: no two that own one can want the same
    VcSet<Words> gambling_;
    // Of the router at work; what is not written in a cycle is not read in it.
    std::array<std::uint16_t, std::size_t{kMostPorts} * kMostPorts> representatives_{};
    std::array<std::uint64_t, kMostPorts> requests_{};  // by output: input ports
    std::array<std::uint64_t, kMostPorts> grants_{};    // by input: output ports
    std::array<std::uint64_t, kMostPorts> won_{};       // of them, by a packet for several nodes
};

}  // namespace spikeloom::noc
