#include "noc/watch.hpp"

#include <bit>
#include <utility>

namespace spikeloom::noc {

namespace {

constexpr const char* kOnLink = "on a link";

std::string named_channel(int vc) {
    return "virtual channel " + std::to_string(vc);
}

/// What the first packet of a buffer is about.
std::string aim(const Graph& graph, RouterId router, const Routers::Buffer& buffer) {
    if (buffer.output == kNone) {
        return "";
    }
    const std::string output =
        "output " + graph.name_of_port(router, graph.number_of(buffer.output));
    return buffer.owns ? ": has " + output + ", " + named_channel(std::countr_zero(buffer.vcs)) +
                             ", asks for the switch or waits for a credit"
                       : ": waits for a virtual channel of " + output;
}

/// Adds to the text of a flit, for a packet for several nodes may be at several places.
void add(std::vector<std::string>& texts, int flit, const std::string& text) {
    std::string& known = texts[static_cast<std::size_t>(flit)];
    known += (known.empty() ? "" : "; ") + text;
}

}  // namespace

std::vector<std::string> whereabouts(const Fabric& fabric, const Routers& routers,
                                     const Interfaces& interfaces, const Sources& sources,
                                     PacketId packet) {
    const PacketTable::Record& record = fabric.packets[packet];
    const Graph& graph = fabric.graph;
    std::vector<std::string> texts(record.flits);
    const auto scan = [&](std::uint32_t ring, std::size_t head, std::size_t there,
                          const auto& text) {
        for (std::size_t place = 0; place < there; ++place) {
            const Flit& flit = fabric.flits[ring + (head + place) % fabric.buffer];
            if (flit.packet() == packet) {
                add(texts, flit.index(), text(place));
            }
        }
    };
    for (PortId input = 0; input < graph.ports(); ++input) {
        const RouterId router = graph.router_of(input);
        for (int vc = 0; vc < fabric.config.vcs; ++vc) {
            const Routers::Buffer buffer = routers.buffer(input, vc);
            scan(buffer.ring, buffer.head, buffer.there, [&](std::size_t place) {
                return "in " + graph.name_of_router(router) + ", input " +
                       graph.name_of_port(router, graph.number_of(input)) + ", " +
                       named_channel(vc) + ", place " + std::to_string(place) +
                       (place == 0 ? aim(graph, router, buffer) : "");
            });
        }
    }
    for (NodeId node = 0; node < graph.nodes(); ++node) {
        for (int vc = 0; vc < fabric.config.vcs; ++vc) {
            const RingReader ring = interfaces.ring(node, vc);
            scan(fabric.ring_of_node(node, vc), ring.head, ring.visible, [&](std::size_t) {
                return "in the interface of node " + std::to_string(node) + ", " +
                       named_channel(vc);
            });
        }
    }
    const unsigned injected = sources.injected_of(packet);
    for (std::size_t flit = 0; flit < texts.size(); ++flit) {
        if (flit >= injected) {
            texts[flit] = "in the source queue of node " + std::to_string(record.source);
        } else if (texts[flit].empty()) {
            texts[flit] = kOnLink;
        }
    }
    return texts;
}

void Watch::admitted(std::size_t number, PacketId id) {
    if (number == number_) {
        id_ = id;
        following_ = true;
    }
}

void Watch::look(const Network& network, Cycle cycle, std::span<const Delivery> deliveries) {
    const auto tell = [&](std::size_t flit, const std::string& text) {
        lines_.push_back("cycle " + std::to_string(cycle) + ": flit " + std::to_string(flit) + " " +
                         text);
    };
    for (const Delivery& delivery : deliveries) {
        if (delivery.packet != id_) {
            continue;
        }
        tell(delivery.flit, "is consumed by node " + std::to_string(delivery.node));
        consumed_.insert(delivery.flit);
        if (delivery.done) {
            following_ = false;
            return;
        }
    }
    std::vector<std::string> now = network.whereabouts(id_);
    before_.resize(now.size());
    for (std::size_t flit = 0; flit < now.size(); ++flit) {
        // A flit of which no copy is seen is on a link, or was the last copy.
        if (now[flit] == kOnLink && consumed_.count(flit) != 0) {
            now[flit].clear();
        }
        if (now[flit] != before_[flit] && !now[flit].empty()) {
            tell(flit, "is " + now[flit]);
        }
    }
    before_ = std::move(now);
}

}  // namespace spikeloom::noc
