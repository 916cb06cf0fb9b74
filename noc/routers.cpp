#include "noc/routers.hpp"

#include "noc/arbiters.hpp"
#include "noc/forks.hpp"
#include "noc/router_state.hpp"
#include "noc/switch_allocation.hpp"
#include "noc/vc_allocation.hpp"

#include <algorithm>

namespace spikeloom::noc {

namespace {

/// The routers of a network whose channels fit sets of so many words.
template <int Words>
class RouterArray final : public Routers {
  public:
    explicit RouterArray(Fabric& fabric)
        : fabric_(fabric),
          shift_(fabric.shift),
          vc_mask_((1 << fabric.shift) - 1),
          registers_(fabric),
          forks_(registers_.channels()),
          arbiters_(fabric, static_cast<std::size_t>(fabric.graph.most_ports()) << shift_,
                    registers_.channels()),
          vc_allocation_(fabric, registers_, forks_, arbiters_),
          switch_allocation_(fabric, registers_, forks_, arbiters_),
          waits_for_room_(fabric.config.flow_control == FlowControl::virtual_cut_through ||
                          fabric.routes.escapes()),
          speculative_(fabric.config.speculative),
          wins_at_once_(fabric.config.vc_allocation_delay == 0 && !fabric.config.speculative),
          spared_reads_(fabric.graph.routers()),
          copies_(fabric.graph.routers()),
          busy_(fabric.graph.routers()) {
        for (PortId port = 0; port < fabric.graph.ports(); ++port) {
            if (fabric.graph.link(port).period > 1) {
                free_at_.resize(fabric.graph.ports());
            }
        }
    }

    [[gnu::flatten]] void receive() override {
        fabric_.wires.turn(Wires::kFlits, kRouter, fabric_.now,
                           [this](Place place) { arrive(place); });
        fabric_.wires.turn(Wires::kCredits, kRouter, fabric_.now,
                           [this](Place place) { credit(place); });
    }
    [[gnu::flatten]] void execute() override;
    bool idle() const override {
        return busy_.empty() && routing_.empty() && routing_next_.empty();
    }

    RouterCounters counters(RouterId router) const override;
    std::uint64_t sent(PortId output) const override { return registers_.port(output).sent; }
    std::uint64_t flit_cycles(PortId input) const override {
        return registers_.port(input).flit_cycles + buffered(input) * fabric_.now;
    }
    unsigned buffered(PortId input) const override;
    std::vector<WaitingVc> waiting() const override;
    std::optional<InputVcName> owner(PortId output, int vc) const override;
    Buffer buffer(PortId input, int vc) const override;

  private:
    using R = Router<Words>;

    R router(Place place) { return registers_.router(place.unit()); }
    void arrive(Place place);
    void credit(Place place);
    void begin_packet(const R& router, int input, bool at_end_of_cycle);
    void activate(const R& router, const VcGrants<Words>& grants);
    static void wait(RouterSets<Words>& sets, const InputVc& in, int input);
    [[gnu::noinline]] void activate_one(R router, int input);
    bool work(RouterId id);
    void allocate_switch(const R& router, const VcGrants<Words>& grants);
    bool hits(const R& router, int input) const;
    std::uint64_t busy_ports(const R& router) const;
    void send_flit(const R& router, int input);
    [[gnu::noinline]] void send_copies(R router, int input);
    void put(const R& router, int output, int vc, const Flit& flit);
    void take(const R& router, int input);
    void release_vc(const R& router, int output);
    void end_packet(const R& router, int input);

    Fabric& fabric_;
    int shift_;
    int vc_mask_;
    RouterRegisters<Words> registers_;
    Forks forks_;
    Arbiters arbiters_;
    VcAllocation<Words> vc_allocation_;
    SwitchAllocation<Words> switch_allocation_;
    bool waits_for_room_;  // channels are taken only where a packet finds room
    bool speculative_;
    bool wins_at_once_;  // who wins a channel may ask for the switch in the same cycle
    bool multicasts_ = false;
    std::vector<std::uint64_t> spared_reads_;  // copies that left together with another
    std::vector<std::uint64_t> copies_;        // that left, of flits for several nodes, less one
                                               // for each flit all copies of which have left
    std::vector<Cycle> free_at_;               // by output port, where some link is narrow
    NodeSet busy_;                     // routers that are hopeful, or in which a channel may send
    std::vector<Place> routing_;       // channels whose route is known at the end of this cycle
    std::vector<Place> routing_next_;  // ... of the next
};

template <int Words>
void RouterArray<Words>::arrive(Place place) {
    const R router = this->router(place);
    const int input = place.number();
    router.ports[input >> shift_].flit_cycles -= fabric_.now;
    ++router.inputs[input].reader.visible;
    router.sets.occupied.insert(input);
    if (!router.sets.engaged.has(input)) {
        begin_packet(router, input, false);
    }
    busy_.insert_if(router.sets.hopeful | router.sets.credited.has(input), router.id);
}

template <int Words>
void RouterArray<Words>::credit(Place place) {
    const R router = this->router(place);
    const int output = place.number();
    OutputVc& out = router.outputs[output];
    ++out.writer.credits;
    // A packet for several nodes had all the credits that it needs when it took the channel.
    const int owner = out.owner;
    const bool owned = !router.sets.unowned.has(output);
    const bool sends = owned & !router.sets.forked.has(owner);
    router.sets.credited.insert_if(sends, owner);
    bool busy = sends & router.sets.occupied.has(owner);
    if ((waits_for_room_ || multicasts_) && !owned && !router.sets.waiting.empty()) {
        router.sets.hopeful = true;
        busy = true;
    }
    busy_.insert_if(busy, router.id);
}

/// A packet's head is at the front of an idle channel.
template <int Words>
void RouterArray<Words>::begin_packet(const R& router, int input, bool at_end_of_cycle) {
    InputVc& in = router.inputs[input];
    const Flit head = fabric_.flits[in.ring + in.reader.head];
    router.sets.engaged.insert(input);
    ++in.routed;
    in.room = 0;
    if (waits_for_room_ || head.multicast()) {
        in.room = fabric_.packets[head.packet()].flits;
    }
    if (head.multicast()) {
        Fork& fork = forks_.at(registers_.index(router.sets.first_port, input));
        fork.tree = fabric_.packets[head.packet()].destination;
        fork.place = head.destination();
        fork.waiting = fabric_.multicast.ports(fork.tree, fork.place);
        fork.output_vc.resize(router.sets.ports);
        fork.next.resize(router.sets.ports);
        router.sets.forked.insert(input);
        multicasts_ = true;
    } else if (!fabric_.routes.chooses()) {
        const int vc = input & vc_mask_;
        const int output = fabric_.routes.port(router.id, vc, head.destination());
        in.output = static_cast<std::uint8_t>(output);
        in.wanted =
            static_cast<std::uint16_t>(fabric_.routes.vcs(router.id, input >> shift_, vc, output));
    }
    if (fabric_.config.routing_delay == 0) {
        wait(router.sets, router.inputs[input], input);
    } else {
        (at_end_of_cycle ? routing_next_ : routing_).emplace_back(router.id, input);
    }
}

/// A packet begins to wait for a channel of the output that its route leads to.
template <int Words>
void RouterArray<Words>::wait(RouterSets<Words>& sets, const InputVc& in, int input) {
    sets.waiting.insert(input);
    sets.hopeful = true;
    sets.ask(in.output);
}

/// Those that have won channels may ask for the switch.
template <int Words>
void RouterArray<Words>::activate(const R& router, const VcGrants<Words>& grants) {
    if (speculative_) {
        for (VcSet<Words> left = grants.winners; !left.empty();) {
            activate_one(router, left.take_first());
        }
        return;
    }
    router.sets.credited |= grants.credited;
    if (multicasts_) {
        for (VcSet<Words> left = grants.winners & router.sets.forked; !left.empty();) {
            activate_one(router, left.take_first());
        }
    }
}

template <int Words>
void RouterArray<Words>::activate_one(R router, int input) {
    bool credited = true;
    if (router.sets.forked.has(input)) {
        Fork& fork = forks_.at(registers_.index(router.sets.first_port, input));
        fork.active |= fork.won;
        fork.won = 0;
        credited = fork.active != 0;
    } else {
        const InputVc& in = router.inputs[input];
        const int output = in.output << shift_ | in.output_vc;
        // Where it gambled and won both, its packet may have left already.
        credited = !router.sets.unowned.has(output) && router.outputs[output].owner == input &&
                   router.outputs[output].writer.credits != 0;
    }
    if (credited) {
        router.sets.credited.insert(input);
    }
}

template <int Words>
void RouterArray<Words>::execute() {
    busy_.sweep([this](RouterId id) { return work(id); });
    for (const Place place : routing_) {
        const R router = this->router(place);
        wait(router.sets, router.inputs[place.number()], place.number());
        busy_.insert(place.unit());
    }
    routing_.clear();
    routing_.swap(routing_next_);
}

/// The present cycle of a router; returns whether it may have something to do in the next. Nothing
/// that it does is seen by another router in this cycle.
template <int Words>
bool RouterArray<Words>::work(RouterId id) {
    const R router = registers_.router(id);
    RouterSets<Words>& sets = router.sets;
    const auto [grants, hopeful] = vc_allocation_.allocate(router);
    sets.hopeful = hopeful;
    if (wins_at_once_) {
        activate(router, grants);
        allocate_switch(router, grants);
    } else {
        allocate_switch(router, grants);
        activate(router, grants);
    }
    return sets.hopeful | !(sets.occupied & sets.credited).empty();
}

template <int Words>
void RouterArray<Words>::allocate_switch(const R& router, const VcGrants<Words>& grants) {
    const VcSet<Words> candidates = (router.sets.occupied & router.sets.credited) | grants.gambling;
    VcSet<Words> winners =
        switch_allocation_.allocate(router, candidates, grants.gambling, busy_ports(router));
    while (!winners.empty()) {
        const int input = winners.take_first();
        if (router.sets.forked.has(input)) {
            send_copies(router, input);
        } else if (!grants.gambling.has(input) || hits(router, input)) {
            send_flit(router, input);
        }
    }
}

/// Whether a channel that has gambled and won the switch can use it: only where it won a channel of
/// that output in this cycle too, which has a credit.
template <int Words>
bool RouterArray<Words>::hits(const R& router, int input) const {
    const InputVc& in = router.inputs[input];
    return !router.sets.waiting.has(input) &&
           router.outputs[in.output << shift_ | in.output_vc].writer.credits != 0;
}

/// The ports whose link still carries a flit.
template <int Words>
std::uint64_t RouterArray<Words>::busy_ports(const R& router) const {
    std::uint64_t busy = 0;
    for (PortId port = 0; !free_at_.empty() && port < router.sets.ports; ++port) {
        const bool carries = free_at_[router.sets.first_port + port] > fabric_.now;
        busy |= std::uint64_t{carries} << port;
    }
    return busy;
}

/// The flit crosses the switch and the link into the next buffer.
template <int Words>
void RouterArray<Words>::put(const R& router, int output, int vc, const Flit& flit) {
    RouterPort& port = router.ports[output];
    OutputVc& out = router.outputs[output << shift_ | vc];
    fabric_.flits[out.ring + out.writer.put(fabric_.buffer)] = flit;
    fabric_.wires.add(Wires::kFlits, port.end, fabric_.now + port.flight, port.arrival.channel(vc));
    ++port.sent;
    fabric_.last_movement = fabric_.now;
    if (!free_at_.empty()) {
        const PortId id = router.sets.first_port + static_cast<PortId>(output);
        free_at_[id] = fabric_.now + fabric_.graph.link(id).period;
    }
}

/// The first flit's slot is free: the credit goes to the router it came from, or to the source.
template <int Words>
void RouterArray<Words>::take(const R& router, int input) {
    RouterPort& port = router.ports[input >> shift_];
    InputVc& in = router.inputs[input];
    in.reader.take(fabric_.buffer);
    port.flit_cycles += fabric_.now;
    fabric_.wires.add(Wires::kCredits, port.end, fabric_.now + port.refund_flight,
                      port.refund.channel(input & vc_mask_));
    router.sets.occupied.erase_if(in.reader.visible == 0, input);
}

/// A tail has left by a channel: nobody owns it any longer.
template <int Words>
void RouterArray<Words>::release_vc(const R& router, int output) {
    router.sets.unowned.insert(output);
    router.sets.hopeful |= !router.sets.waiting.empty();
}

template <int Words>
void RouterArray<Words>::end_packet(const R& router, int input) {
    router.sets.engaged.erase(input);
    router.sets.credited.erase(input);
    if (router.sets.occupied.has(input)) {
        begin_packet(router, input, true);
    }
}

template <int Words>
void RouterArray<Words>::send_flit(const R& router, int input) {
    const InputVc& in = router.inputs[input];
    const Flit flit = fabric_.flits[in.ring + in.reader.head];
    const int number = in.output << shift_ | in.output_vc;
    put(router, in.output, in.output_vc, flit);
    take(router, input);
    if (flit.tail()) {
        release_vc(router, number);
        end_packet(router, input);
    } else if (router.outputs[number].writer.credits == 0) {
        router.sets.credited.erase(input);
    }
}

/// A flit leaves by some of its branches, all at the same place of the packet.
template <int Words>
void RouterArray<Words>::send_copies(R router, int input) {
    std::uint64_t outputs = switch_allocation_.branches(input);
    Fork& fork = forks_.at(registers_.index(router.sets.first_port, input));
    InputVc& in = router.inputs[input];
    const auto copies = static_cast<std::uint64_t>(std::popcount(outputs));
    spared_reads_[router.id] += copies - 1;
    copies_[router.id] += copies;
    for (; outputs != 0; outputs &= outputs - 1) {
        const int output = std::countr_zero(outputs);
        const auto port = static_cast<std::size_t>(output);
        const std::size_t slot = in.reader.head + std::size_t{fork.next[port]};
        const Flit flit =
            fabric_.flits[in.ring + (slot < fabric_.buffer ? slot : slot - fabric_.buffer)];
        const NodeId place = fabric_.multicast.place_behind(fork.tree, fork.place, output);
        put(router, output, fork.output_vc[port], flit.copy_for(place));
        ++fork.next[port];
        if (flit.tail()) {
            fork.active &= ~(std::uint64_t{1} << output);
            release_vc(router, output << shift_ | fork.output_vc[port]);
        }
    }
    // The slowest branch has moved by one flit at most.
    const bool done = fork.done();
    if (done || fork.sent_by_all() != 0) {
        take(router, input);
        --copies_[router.id];
        for (std::uint16_t& next : fork.next) {
            next = static_cast<std::uint16_t>(next - 1);
        }
    }
    if (done) {
        router.sets.forked.erase(input);
        end_packet(router, input);
    } else if (fork.active == 0) {
        router.sets.credited.erase(input);
    }
}

template <int Words>
RouterCounters RouterArray<Words>::counters(RouterId router) const {
    RouterCounters result;
    for (int port = 0; port < fabric_.graph.ports_of(router); ++port) {
        const PortId id = fabric_.graph.port(router, port);
        result.crossbar_flits += registers_.port(id).sent;
        result.buffer_writes += buffered(id);
        for (int vc = 0; vc < fabric_.config.vcs; ++vc) {
            result.routes += registers_.input(id, vc).routed;
            result.vc_allocations += registers_.output(id, vc).taken;
        }
    }
    // A flit that wins the switch is read from its buffer and crosses in one go.
    result.switch_allocations = result.crossbar_flits;
    result.buffer_reads = result.crossbar_flits - spared_reads_[router];
    // What was written is there or has left, and what has left crossed: once, or as copies.
    result.buffer_writes += result.crossbar_flits - copies_[router];
    return result;
}

template <int Words>
unsigned RouterArray<Words>::buffered(PortId input) const {
    unsigned flits = 0;
    for (int vc = 0; vc < fabric_.config.vcs; ++vc) {
        flits += registers_.input(input, vc).reader.visible;
    }
    return flits;
}

template <int Words>
Routers::Buffer RouterArray<Words>::buffer(PortId input, int vc) const {
    const RouterId id = fabric_.graph.router_of(input);
    const RouterSets<Words>& sets = registers_.sets(id);
    const int number = fabric_.graph.number_of(input) << shift_ | vc;
    const InputVc& in = registers_.input(input, vc);
    Buffer result{in.ring, in.reader.head, in.reader.visible, false, kNone, 0};
    if (sets.engaged.has(number) && !sets.forked.has(number)) {
        result.owns = !sets.waiting.has(number);
        result.output = sets.first_port + in.output;
        result.vcs = result.owns ? std::uint32_t{1} << in.output_vc : in.wanted;
    }
    return result;
}

template <int Words>
std::vector<WaitingVc> RouterArray<Words>::waiting() const {
    std::vector<WaitingVc> result;
    for (PortId input = 0; input < fabric_.graph.ports(); ++input) {
        const RouterSets<Words>& sets = registers_.sets(fabric_.graph.router_of(input));
        for (int vc = 0; vc < fabric_.config.vcs; ++vc) {
            const int number = fabric_.graph.number_of(input) << shift_ | vc;
            if (!sets.occupied.has(number)) {
                continue;
            }
            const InputVc& in = registers_.input(input, vc);
            if (!sets.forked.has(number)) {
                const bool owns = !sets.waiting.has(number);
                result.push_back({input, vc, in.reader.visible, sets.first_port + in.output,
                                  owns ? std::uint32_t{1} << in.output_vc : in.wanted, owns});
                continue;
            }
            const Fork& fork = forks_.known(registers_.index(input, vc));
            for (std::uint64_t left = fork.waiting | fork.active; left != 0; left &= left - 1) {
                const int port = std::countr_zero(left);
                const bool owns = (fork.active >> port & 1) != 0;
                result.push_back(
                    {input, vc, in.reader.visible, sets.first_port + static_cast<PortId>(port),
                     owns ? std::uint32_t{1} << fork.output_vc[static_cast<std::size_t>(port)]
                          : fabric_.channels.onward(vc),
                     owns});
            }
        }
    }
    return result;
}

template <int Words>
std::optional<InputVcName> RouterArray<Words>::owner(PortId output, int vc) const {
    const RouterSets<Words>& sets = registers_.sets(fabric_.graph.router_of(output));
    if (sets.unowned.has(fabric_.graph.number_of(output) << shift_ | vc)) {
        return std::nullopt;
    }
    const int number = registers_.output(output, vc).owner;
    return InputVcName{sets.first_port + static_cast<PortId>(number >> shift_), number & vc_mask_};
}

}  // namespace

std::unique_ptr<Routers> make_routers(Fabric& fabric) {
    const int numbers = fabric.graph.most_ports() << fabric.shift;
    if (numbers <= 64) {
        return std::make_unique<RouterArray<1>>(fabric);
    }
    if (numbers <= 128) {
        return std::make_unique<RouterArray<2>>(fabric);
    }
    return std::make_unique<RouterArray<16>>(fabric);
}

}  // namespace spikeloom::noc
