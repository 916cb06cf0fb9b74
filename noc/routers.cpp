#include "noc/routers.hpp"

namespace spikeloom::noc {

namespace {

constexpr std::array<const char*, kPorts> kPortNames = {"east", "west", "north", "south", "local"};

/// The port by which the other end of a link sees it.
int opposite(int port) {
    return port ^ 1;
}

}  // namespace

Routers::Routers(Fabric& fabric, const VirtualChannels& channels)
    : fabric_(fabric),
      channels_(channels),
      states_(static_cast<std::size_t>(fabric.config.nodes())),
      inputs_(states_.size() * kPorts * fabric.vcs),
      outputs_(inputs_.size()),
      counts_(states_.size()),
      neighbour_{1, ~NodeId{0}, static_cast<NodeId>(fabric.config.width),
                 ~static_cast<NodeId>(fabric.config.width) + 1, 0},
      forward_delay_(static_cast<Cycle>(fabric.config.forward_delay)),
      credit_delay_(static_cast<Cycle>(fabric.config.credit_delay)),
      active_(states_.size()) {
    for (State& state : states_) {
        for (int port = 0; port < kPorts; ++port) {
            state.unowned.fill_port(port, fabric.config.vcs);
        }
    }
    for (OutputVc& output : outputs_) {
        output.ring.credits = static_cast<std::uint16_t>(fabric.buffer);
    }
    for (int y = 0; y < fabric.config.height; ++y) {
        for (int x = 0; x < fabric.config.width; ++x) {
            position_.push_back({static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(y)});
        }
    }
    for (std::size_t direction = 0; direction < port_towards_.size(); ++direction) {
        const int column = (direction & 1) != 0 ? kWest : (direction & 2) != 0 ? kEast : kLocal;
        const int row = (direction & 4) != 0 ? kSouth : (direction & 8) != 0 ? kNorth : kLocal;
        const bool column_first =
            fabric.config.routing == Routing::xy ? column != kLocal : row == kLocal;
        port_towards_[direction] = static_cast<std::uint8_t>(column_first ? column : row);
    }
}

/// The port towards a destination. The comparisons make an index, bits west, east, south, north,
/// for branches on them would be unpredictable.
int Routers::route(NodeId node, NodeId destination) const {
    const auto [x, y] = position_[node];
    const auto [to_x, to_y] = position_[destination];
    const int direction = static_cast<int>(to_x < x) | static_cast<int>(to_x > x) << 1 |
                          static_cast<int>(to_y < y) << 2 | static_cast<int>(to_y > y) << 3;
    return port_towards_[static_cast<std::size_t>(direction)];
}

void Routers::start_packet(const Router& router, int input) {
    InputVc& in = router.input(input);
    const Flit* const ring = fabric_.ring(router.node, VcSet::port(input), VcSet::vc(input));
    in.output = static_cast<std::uint8_t>(route(router.node, ring[in.ring.head].destination()));
    ++router.counts.routes;
    if (fabric_.config.routing_delay != 0) {
        router.state.routing.insert(input);
    } else {
        router.state.waiting.insert(input);
    }
}

void Routers::arrive(Place at) {
    const Router router = this->router(at.node());
    const int input = at.number();
    ++router.input(input).ring.visible;
    ++router.counts.received;
    router.state.occupied.insert(input);
    if (!(router.state.routing | router.state.waiting | router.state.active).has(input)) {
        start_packet(router, input);
    }
    active_.insert(router.node);
}

void Routers::credit(Place at) {
    const Router router = this->router(at.node());
    const int output = at.number();
    ++router.output(output).ring.credits;
    if (!router.state.unowned.has(output)) {
        router.state.credited.insert(router.output(output).owner);
        active_.insert(router.node);
    }
}

bool Routers::execute(const Router& router) {
    State& state = router.state;
    const VcSet routed = state.routing;
    VcSet candidates = state.occupied & state.credited;
    bool changed = !routed.empty();
    if (!state.waiting.empty()) {
        changed |= allocate_vcs(router);
        if (fabric_.config.vc_allocation_delay == 0) {
            candidates = state.occupied & state.credited;
        }
    }
    if (!candidates.empty()) {
        allocate_switch(router, candidates);
        changed = true;
    }
    state.waiting.insert(routed);
    state.routing.erase(routed);
    // Where nothing has changed those that wait would wait again, until an arrival or a credit.
    return !(state.routing | (state.occupied & state.credited)).empty() ||
           (changed && !state.waiting.empty());
}

/// Returns whether a channel was won.
bool Routers::allocate_vcs(const Router& router) {
    std::array<VcRequest, kPorts * 16> requests;
    std::size_t count = 0;
    unsigned wanted = 0;  // outputs
    unsigned contended = 0;
    for (VcSet left = router.state.waiting; !left.empty(); left.erase(left.first())) {
        const int input = left.first();
        const int output = router.input(input).output;
        const std::uint32_t vcs =
            channels_.onward(VcSet::vc(input)) & router.state.unowned.of_port(output);
        if (vcs != 0) {
            contended |= wanted & 1U << output;
            wanted |= 1U << output;
            requests[count++] = {input, output, vcs, vcs};  // what it gets where it is alone
        }
    }
    for (; contended != 0; contended &= contended - 1) {
        grant_vcs(router, std::countr_zero(contended), {requests.data(), count});
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (requests[i].granted != 0) {
            accept_vc(router, requests[i]);
        }
    }
    return count != 0;
}

/// Every channel of an output that several requests want grants one of them.
void Routers::grant_vcs(const Router& router, int output, std::span<VcRequest> requests) {
    for (VcRequest& request : requests) {
        request.granted = request.output == output ? 0 : request.granted;
    }
    for (std::uint32_t left = router.state.unowned.of_port(output); left != 0; left &= left - 1) {
        const int vc = std::countr_zero(left);
        const int pointer = router.output(VcSet::number(output, vc)).grant;
        VcRequest* first = nullptr;  // of all
        VcRequest* next = nullptr;   // at or after the pointer
        for (VcRequest& request : requests) {
            if (request.output == output && (request.wanted >> vc & 1) != 0) {
                first = first != nullptr ? first : &request;
                if (request.input >= pointer) {
                    next = &request;
                    break;
                }
            }
        }
        if (VcRequest* const chosen = next != nullptr ? next : first; chosen != nullptr) {
            chosen->granted |= 1U << vc;
        }
    }
}

void Routers::accept_vc(const Router& router, const VcRequest& request) {
    InputVc& in = router.input(request.input);
    // All grants are channels of one port, so the pointer matters only where it points into that
    // port.
    const int vc = first_at(request.granted, in.accept_port == request.output ? in.accept_vc : 0);
    const int output = VcSet::number(request.output, vc);
    OutputVc& out = router.output(output);

    State& state = router.state;
    state.unowned.erase(output);
    state.waiting.erase(request.input);
    state.active.insert(request.input);
    if (out.ring.credits != 0) {
        state.credited.insert(request.input);
    }
    ++router.counts.vc_allocations;

    in.output_vc = static_cast<std::uint8_t>(vc);
    in.accept_port = static_cast<std::uint8_t>(request.output);
    in.accept_vc = static_cast<std::uint8_t>(vc + 1);
    out.owner = static_cast<std::uint8_t>(request.input);
    out.grant = static_cast<std::uint8_t>(request.input + 1);
}

void Routers::allocate_switch(const Router& router, VcSet candidates) {
    if (candidates.single()) {
        const int input = candidates.first();
        forward(router, input, router.input(input).output);
        return;
    }
    const State& state = router.state;
    // A channel represents its input for each output: the first that wants it at or after the
    // input's pointer.
    std::array<std::array<std::uint8_t, kPorts>, kPorts> representative;
    std::array<unsigned, kPorts> requests{};  // by output: the inputs
    unsigned outputs = 0;
    for (; !candidates.empty(); candidates.erase(candidates.first())) {
        const int number = candidates.first();
        const auto input = static_cast<std::size_t>(VcSet::port(number));
        const std::size_t output = router.input(number).output;
        std::uint8_t& chosen = representative[input][output];
        const auto turn = [&](int vc) { return (vc - state.next_vc[input]) & 31; };
        if ((requests[output] >> input & 1) == 0 ||
            turn(VcSet::vc(number)) < turn(VcSet::vc(chosen))) {
            chosen = static_cast<std::uint8_t>(number);
        }
        requests[output] |= 1U << input;
        outputs |= 1U << output;
    }
    std::array<unsigned, kPorts> grants{};  // by input: the outputs
    unsigned inputs = 0;
    for (; outputs != 0; outputs &= outputs - 1) {
        const auto output = static_cast<std::size_t>(std::countr_zero(outputs));
        const auto input =
            static_cast<std::size_t>(first_at(requests[output], state.grant[output]));
        grants[input] |= 1U << output;
        inputs |= 1U << input;
    }
    for (; inputs != 0; inputs &= inputs - 1) {
        const auto input = static_cast<std::size_t>(std::countr_zero(inputs));
        const auto output = static_cast<std::size_t>(first_at(grants[input], state.accept[input]));
        forward(router, representative[input][output], static_cast<int>(output));
    }
}

/// A flit has won the switch: it leaves, and the allocator's pointers move past it.
void Routers::forward(const Router& router, int input, int output) {
    const int input_port = VcSet::port(input);
    const int input_vc = VcSet::vc(input);
    const auto from = static_cast<std::size_t>(input_port);
    const auto to = static_cast<std::size_t>(output);
    InputVc& in = router.input(input);
    const int output_vc = in.output_vc;
    OutputVc& out = router.output(VcSet::number(output, output_vc));

    // It crosses the switch and the link into the next router's buffer.
    const Flit flit = fabric_.ring(router.node, input_port, input_vc)[in.ring.take(fabric_.buffer)];
    const NodeId next = router.node + neighbour_[to];
    const int next_port = output == kLocal ? kInterface : opposite(output);
    fabric_.ring(next, next_port, output_vc)[out.ring.put(fabric_.buffer)] = flit;
    fabric_.arrivals.add(fabric_.now + forward_delay_, Place(next, next_port, output_vc));
    fabric_.last_movement = fabric_.now;
    ++router.counts.sent[to];

    // Its slot is free: the credit goes to the router it came from, or to this node's source.
    const int previous_port = input_port == kLocal ? kInterface : opposite(input_port);
    fabric_.credits.add(fabric_.now + credit_delay_,
                        Place(router.node + neighbour_[from], previous_port, input_vc));

    State& state = router.state;
    if (in.ring.visible == 0) {
        state.occupied.erase(input);
    }
    if (flit.tail()) {
        state.unowned.insert(VcSet::number(output, output_vc));
        state.active.erase(input);
        state.credited.erase(input);
        if (in.ring.visible != 0) {
            start_packet(router, input);
        }
    } else if (out.ring.credits == 0) {
        state.credited.erase(input);
    }
    state.accept[from] = static_cast<std::uint8_t>(output + 1);
    state.grant[to] = static_cast<std::uint8_t>(input_port + 1);
    state.next_vc[from] = static_cast<std::uint8_t>(input_vc + 1);
}

RouterCounters Routers::counters(NodeId node) const {
    const Counts& counts = counts_[node];
    RouterCounters result;
    for (const std::uint64_t sent : counts.sent) {
        result.crossbar_flits += sent;
    }
    // A flit that wins the switch is read from its buffer and crosses in one go.
    result.buffer_reads = result.crossbar_flits;
    result.switch_allocations = result.crossbar_flits;
    result.buffer_writes = counts.received;
    result.routes = counts.routes;
    result.vc_allocations = counts.vc_allocations;
    return result;
}

std::optional<std::string> Routers::blockage(NodeId node) const {
    const State& state = states_[node];
    if (state.occupied.empty()) {
        return std::nullopt;
    }
    const auto name = [](int port) {
        return std::string(kPortNames[static_cast<std::size_t>(port)]);
    };
    const int input = state.occupied.first();
    const InputVc& in = inputs_[node * kPorts * fabric_.vcs + place(input, fabric_.vcs)];
    const std::string what = "input " + name(VcSet::port(input)) + ", virtual channel " +
                             std::to_string(VcSet::vc(input)) + ": " +
                             std::to_string(in.ring.visible) +
                             (in.ring.visible == 1 ? " flit waits" : " flits wait");
    if (!state.active.has(input)) {
        return what + " for a virtual channel of output " + name(in.output);
    }
    return what + " for a credit of output " + name(in.output) + ", virtual channel " +
           std::to_string(in.output_vc);
}

}  // namespace spikeloom::noc
