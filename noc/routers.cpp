#include "noc/routers.hpp"

namespace spikeloom::noc {

namespace {

constexpr std::array<const char*, kBuffersPerNode> kPortNames = {"east",  "west",  "north",
                                                                 "south", "local", "interface"};

/// The port by which the other end of a link sees it.
int opposite(int port) {
    return port ^ 1;
}

std::uint16_t bit(int vc) {
    return static_cast<std::uint16_t>(1 << vc);
}

void set(std::uint16_t& lane, int vc) {
    lane = static_cast<std::uint16_t>(lane | bit(vc));
}
void clear(std::uint16_t& lane, int vc) {
    lane = static_cast<std::uint16_t>(lane & ~bit(vc));
}

}  // namespace

Routers::Routers(Fabric& fabric, const VirtualChannels& channels)
    : fabric_(fabric),
      channels_(channels),
      states_(static_cast<std::size_t>(fabric.config.nodes())),
      inputs_(states_.size() * kPorts * fabric.vcs),
      outputs_(inputs_.size()),
      counts_(states_.size()),
      neighbour_{1, -1, fabric.config.width, -fabric.config.width, 0},
      active_(states_.size()) {
    for (State& state : states_) {
        state.unowned.fill(static_cast<std::uint16_t>((1U << fabric.config.vcs) - 1));
    }
    for (OutputVc& output : outputs_) {
        output.ring.credits = static_cast<std::uint16_t>(fabric.buffer);
    }
    for (int y = 0; y < fabric.config.height; ++y) {
        for (int x = 0; x < fabric.config.width; ++x) {
            position_.push_back({static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(y)});
        }
    }
}

int Routers::route(NodeId node, NodeId destination) const {
    const auto [x, y] = position_[node];
    const auto [to_x, to_y] = position_[destination];
    const int column = to_x > x ? kEast : to_x < x ? kWest : kLocal;
    const int row = to_y > y ? kNorth : to_y < y ? kSouth : kLocal;
    if (fabric_.config.routing == Routing::xy) {
        return column != kLocal ? column : row;
    }
    return row != kLocal ? row : column;
}

void Routers::start_packet(State& state, NodeId node, int input, int vc) {
    InputVc& in = inputs_[index(node, input, vc)];
    const Flit& head =
        fabric_.flits[fabric_.buffer_index(node, input, vc) * fabric_.buffer + in.ring.head];
    in.output = static_cast<std::uint8_t>(route(node, head.destination()));
    ++counts_[node].routes;
    const auto port = static_cast<std::size_t>(input);
    set(fabric_.config.routing_delay != 0 ? state.routing[port] : state.waiting[port], vc);
}

void Routers::arrive(Place input) {
    const NodeId node = input.node();
    const auto port = static_cast<std::size_t>(input.port());
    const int vc = input.vc();
    State& state = states_[node];
    ++inputs_[index(node, input.port(), vc)].ring.visible;
    ++counts_[node].received;
    set(state.occupied[port], vc);
    if (((state.routing[port] | state.waiting[port] | state.active[port]) & bit(vc)) == 0) {
        start_packet(state, node, input.port(), vc);
    }
    active_.insert(node);
}

void Routers::credit(Place output) {
    const NodeId node = output.node();
    OutputVc& out = outputs_[index(node, output.port(), output.vc())];
    ++out.ring.credits;
    State& state = states_[node];
    if ((state.unowned[static_cast<std::size_t>(output.port())] & bit(output.vc())) == 0) {
        set(state.credited[out.owner_port], out.owner_vc);
        active_.insert(node);
    }
}

bool Routers::execute(NodeId node) {
    State& state = states_[node];
    const Lanes routed = state.routing;

    Lanes won{};
    const Lanes active_before = state.active;
    allocate_vcs(state, node, won);
    const bool at_once = fabric_.config.vc_allocation_delay == 0;
    Lanes candidates;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        state.active[i] |= won[i];
        candidates[i] = static_cast<std::uint16_t>((at_once ? state.active[i] : active_before[i]) &
                                                   state.occupied[i] & state.credited[i]);
    }
    allocate_switch(state, node, candidates);

    unsigned more = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        state.waiting[i] |= routed[i];
        state.routing[i] = static_cast<std::uint16_t>(state.routing[i] & ~routed[i]);
        more |= static_cast<unsigned>(state.routing[i] | state.waiting[i] |
                                      (state.active[i] & state.occupied[i] & state.credited[i]));
    }
    return more != 0;
}

void Routers::allocate_vcs(State& state, NodeId node, Lanes& won) {
    std::array<VcRequest, kPorts * 16> requests;
    std::size_t count = 0;
    unsigned outputs = 0;
    for (int port = 0; port < kPorts; ++port) {
        for (unsigned left = state.waiting[static_cast<std::size_t>(port)]; left != 0;
             left &= left - 1) {
            const int vc = std::countr_zero(left);
            const int output = inputs_[index(node, port, vc)].output;
            const std::uint32_t wanted =
                channels_.onward(vc) & state.unowned[static_cast<std::size_t>(output)];
            if (wanted != 0) {
                requests[count++] = {port * fabric_.config.vcs + vc, port, vc, output, wanted, 0};
                outputs |= 1U << output;
            }
        }
    }
    if (count == 1) {  // alone it is granted all it asks for
        requests[0].granted = requests[0].wanted;
        accept_vc(state, node, requests[0], won);
        return;
    }
    for (; outputs != 0; outputs &= outputs - 1) {
        const int output = std::countr_zero(outputs);
        for (unsigned left = state.unowned[static_cast<std::size_t>(output)]; left != 0;
             left &= left - 1) {
            const int vc = std::countr_zero(left);
            const int pointer = outputs_[index(node, output, vc)].grant;
            VcRequest* first = nullptr;  // of all
            VcRequest* next = nullptr;   // at or after the pointer
            for (std::size_t i = 0; i < count && next == nullptr; ++i) {
                VcRequest& request = requests[i];
                if (request.output == output && (request.wanted >> vc & 1) != 0) {
                    first = first != nullptr ? first : &request;
                    next = request.number >= pointer ? &request : nullptr;
                }
            }
            if (VcRequest* const chosen = next != nullptr ? next : first; chosen != nullptr) {
                chosen->granted |= 1U << vc;
            }
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (requests[i].granted != 0) {
            accept_vc(state, node, requests[i], won);
        }
    }
}

void Routers::accept_vc(State& state, NodeId node, const VcRequest& request, Lanes& won) {
    InputVc& in = inputs_[index(node, request.port, request.vc)];
    // All grants are channels of one port, so the pointer matters only where it points into that
    // port.
    const int vc = first_at(request.granted, in.accept_port == request.output ? in.accept_vc : 0);
    in.output_vc = static_cast<std::uint8_t>(vc);
    in.accept_port = static_cast<std::uint8_t>(request.output);
    in.accept_vc = static_cast<std::uint8_t>(vc + 1);

    OutputVc& out = outputs_[index(node, request.output, vc)];
    out.owner_port = static_cast<std::uint8_t>(request.port);
    out.owner_vc = static_cast<std::uint8_t>(request.vc);
    out.grant = static_cast<std::uint8_t>(request.number + 1);

    const auto port = static_cast<std::size_t>(request.port);
    clear(state.unowned[static_cast<std::size_t>(request.output)], vc);
    clear(state.waiting[port], request.vc);
    set(won[port], request.vc);
    if (out.ring.credits != 0) {
        set(state.credited[port], request.vc);
    }
    ++counts_[node].vc_allocations;
}

void Routers::allocate_switch(State& state, NodeId node, const Lanes& candidates) {
    // A virtual channel represents its input for each output: the first that wants it.
    std::array<std::array<std::uint8_t, kPorts>, kPorts> representative;
    std::array<std::uint8_t, kPorts> requests{};  // by output: the inputs
    unsigned outputs = 0;
    for (std::size_t input = 0; input < kPorts; ++input) {
        std::uint32_t left = candidates[input];
        while (left != 0) {
            const int vc = first_at(left, state.next_vc[input]);
            left &= ~(std::uint32_t{1} << vc);
            const std::size_t output = inputs_[index(node, static_cast<int>(input), vc)].output;
            if ((requests[output] >> input & 1) == 0) {
                requests[output] = static_cast<std::uint8_t>(requests[output] | 1U << input);
                representative[input][output] = static_cast<std::uint8_t>(vc);
                outputs |= 1U << output;
            }
        }
    }
    std::array<std::uint8_t, kPorts> grants{};  // by input: the outputs
    unsigned inputs = 0;
    for (; outputs != 0; outputs &= outputs - 1) {
        const int output = std::countr_zero(outputs);
        const auto at = static_cast<std::size_t>(output);
        const int input = first_at(requests[at], state.grant[at]);
        grants[static_cast<std::size_t>(input)] =
            static_cast<std::uint8_t>(grants[static_cast<std::size_t>(input)] | 1U << output);
        inputs |= 1U << input;
    }
    for (; inputs != 0; inputs &= inputs - 1) {
        const int input = std::countr_zero(inputs);
        const auto at = static_cast<std::size_t>(input);
        const int output = first_at(grants[at], state.accept[at]);
        const int vc = representative[at][static_cast<std::size_t>(output)];
        state.accept[at] = static_cast<std::uint8_t>(output + 1);
        state.grant[static_cast<std::size_t>(output)] = static_cast<std::uint8_t>(input + 1);
        state.next_vc[at] = static_cast<std::uint8_t>(vc + 1);
        forward(state, node, input, vc, output);
    }
}

void Routers::forward(State& state, NodeId node, int input, int vc, int output) {
    const auto port = static_cast<std::size_t>(input);
    InputVc& in = inputs_[index(node, input, vc)];
    OutputVc& out = outputs_[index(node, output, in.output_vc)];

    // The flit crosses the switch and the link into the next router's buffer.
    const std::size_t from = fabric_.buffer_index(node, input, vc) * fabric_.buffer;
    const Flit flit = fabric_.flits[from + in.ring.take(fabric_.buffer)];
    const auto next_node = static_cast<NodeId>(static_cast<std::int32_t>(node) +
                                               neighbour_[static_cast<std::size_t>(output)]);
    const int next_port = output == kLocal ? kInterface : opposite(output);
    const std::size_t to =
        fabric_.buffer_index(next_node, next_port, in.output_vc) * fabric_.buffer;
    fabric_.flits[to + out.ring.put(fabric_.buffer)] = flit;
    fabric_.arrivals.add(fabric_.now + static_cast<Cycle>(fabric_.config.forward_delay),
                         Place(next_node, next_port, in.output_vc));
    ++counts_[node].sent[static_cast<std::size_t>(output)];
    fabric_.last_movement = fabric_.now;

    // Its slot is free: the credit goes to the router it came from, or to this node's source.
    const auto previous = static_cast<NodeId>(static_cast<std::int32_t>(node) + neighbour_[port]);
    fabric_.credits.add(fabric_.now + static_cast<Cycle>(fabric_.config.credit_delay),
                        Place(previous, input == kLocal ? kInterface : opposite(input), vc));

    if (in.ring.visible == 0) {
        clear(state.occupied[port], vc);
    }
    if (flit.tail()) {
        set(state.unowned[static_cast<std::size_t>(output)], in.output_vc);
        clear(state.active[port], vc);
        clear(state.credited[port], vc);
        if (in.ring.visible != 0) {
            start_packet(state, node, input, vc);
        }
    } else if (out.ring.credits == 0) {
        clear(state.credited[port], vc);
    }
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
    for (int port = 0; port < kPorts; ++port) {
        const auto at = static_cast<std::size_t>(port);
        if (state.occupied[at] == 0) {
            continue;
        }
        const int vc = std::countr_zero(state.occupied[at]);
        const InputVc& in = inputs_[index(node, port, vc)];
        std::string why = "input " + std::string(kPortNames[at]) + ", virtual channel " +
                          std::to_string(vc) + ": " + std::to_string(in.ring.visible) +
                          (in.ring.visible == 1 ? " flit waits" : " flits wait") + " for a ";
        if ((state.active[at] & bit(vc)) == 0) {
            why += "virtual channel of output " + std::string(kPortNames[in.output]);
        } else {
            why += "credit of output " + std::string(kPortNames[in.output]) + ", virtual channel " +
                   std::to_string(in.output_vc);
        }
        return why;
    }
    return std::nullopt;
}

}  // namespace spikeloom::noc
