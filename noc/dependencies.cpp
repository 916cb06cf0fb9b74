#include "noc/dependencies.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <bit>

namespace spikeloom::noc {

namespace {

using ChannelId = std::uint32_t;  // port * 2 + part

ChannelId id_of(const Channel& channel) {
    return channel.port * 2 + (channel.second ? 1 : 0);
}
Channel channel_of(ChannelId id) {
    return {id / 2, (id & 1) != 0};
}

/// Follows packets through the network, one destination at a time, and notes what depends on what.
class Dependencies {
  public:
    explicit Dependencies(const Routes& routes)
        : routes_(routes), graph_(routes.graph()), depends_on_(std::size_t{graph_.ports()} * 2) {
        const bool by_source = routes.chooses() && !routes.escapes();
        for (NodeId destination = 0; destination < graph_.nodes(); ++destination) {
            if (!by_source) {
                follow(0, graph_.nodes(), destination);
                continue;
            }
            for (NodeId source = 0; source < graph_.nodes(); ++source) {
                follow(source, source + 1, destination);
            }
        }
    }

    const std::vector<std::vector<ChannelId>>& edges() const { return depends_on_; }

  private:
    /// Packets of the sources [first, last).
    void follow(NodeId first, NodeId last, NodeId destination) {
        seen_.assign(depends_on_.size(), false);
        std::vector<ChannelId> reached;
        for (NodeId source = first; source < last; ++source) {
            const Attachment& at = graph_.attachment(source);
            for (const int vc : entry_vcs()) {
                for (const ChannelId next : moves(at.router, at.port, vc, source, destination)) {
                    visit(next, reached);
                }
            }
        }
        while (!reached.empty()) {
            const ChannelId from = reached.back();
            reached.pop_back();
            for (const ChannelId next : moves_from(from, first, destination)) {
                if (!routes_.escapes()) {
                    depend(from, next);
                }
                visit(next, reached);
            }
            if (routes_.escapes() && !channel_of(from).second) {
                depend_by_any_way(from, destination);
            }
        }
    }

    void visit(ChannelId channel, std::vector<ChannelId>& reached) {
        if (!seen_[channel]) {
            seen_[channel] = true;
            reached.push_back(channel);
        }
    }

    void depend(ChannelId from, ChannelId to) {
        std::vector<ChannelId>& edges = depends_on_[from];
        if (std::find(edges.begin(), edges.end(), to) == edges.end()) {
            edges.push_back(to);
        }
    }

    /// The escape channels that a packet may ask for behind `from`, before it holds another.
    void depend_by_any_way(ChannelId from, NodeId destination) {
        std::vector<bool> passed(depends_on_.size(), false);
        std::vector<ChannelId> open = {from};
        while (!open.empty()) {
            const ChannelId at = open.back();
            open.pop_back();
            for (const ChannelId next : moves_from(at, 0, destination)) {
                if (!channel_of(next).second) {
                    depend(from, next);
                } else if (!passed[next]) {
                    passed[next] = true;
                    open.push_back(next);
                }
            }
        }
    }

    /// A virtual channel of each part, of class 0: all classes are alike.
    std::vector<int> entry_vcs() const {
        const std::uint32_t all = routes_.channels().of_class(0);
        const std::uint32_t first = routes_.channels().at_source(0, 0, 0, true);
        std::vector<int> vcs = {std::countr_zero(first)};
        if (!routes_.enters_by_first_part(false) && (all & ~first) != 0) {
            vcs.push_back(std::countr_zero(all & ~first));
        }
        return vcs;
    }

    std::vector<ChannelId> moves_from(ChannelId id, NodeId source, NodeId destination) const {
        const Channel channel = channel_of(id);
        const PortId input = graph_.link(channel.port).to;
        const std::uint32_t all = routes_.channels().of_class(0);
        std::uint32_t second = 0;
        for (int vc = 0; all >> vc != 0; ++vc) {
            second |= (routes_.channels().second(vc) ? 1U : 0U) << vc;
        }
        const int vc = std::countr_zero(channel.second ? all & second : all & ~second);
        return moves(graph_.router_of(input), graph_.number_of(input), vc, source, destination);
    }

    std::vector<ChannelId> moves(RouterId at, int input, int vc, NodeId source,
                                 NodeId destination) const {
        std::vector<ChannelId> result;
        const auto add = [&](int port, bool second) {
            const PortId output = graph_.port(at, port);
            if (graph_.link(output).to != kNone) {
                result.push_back(id_of({output, second}));
            }
        };
        if (routes_.chooses()) {
            for (std::uint32_t left = routes_.ports(at, source, destination); left != 0;
                 left &= left - 1) {
                add(std::countr_zero(left), routes_.escapes());
            }
        }
        if (!routes_.chooses() || routes_.escapes()) {
            const int port = routes_.port(at, vc, destination);
            const std::uint32_t vcs = routes_.vcs(at, input, vc, port);
            add(port, !routes_.escapes() && routes_.channels().second(std::countr_zero(vcs)));
        }
        return result;
    }

    const Routes& routes_;
    const Graph& graph_;
    std::vector<std::vector<ChannelId>> depends_on_;
    std::vector<bool> seen_;
};

}  // namespace

std::vector<Channel> find_circle(const Routes& routes) {
    const Dependencies dependencies(routes);
    const std::vector<std::vector<ChannelId>>& edges = dependencies.edges();
    enum class State : std::uint8_t { fresh, open, done };
    std::vector<State> state(edges.size(), State::fresh);
    std::vector<std::pair<ChannelId, std::size_t>> path;  // with the edges followed
    for (ChannelId start = 0; start < edges.size(); ++start) {
        if (state[start] != State::fresh) {
            continue;
        }
        path.assign(1, {start, 0});
        state[start] = State::open;
        while (!path.empty()) {
            auto& [at, followed] = path.back();
            if (followed == edges[at].size()) {
                state[at] = State::done;
                path.pop_back();
                continue;
            }
            const ChannelId next = edges[at][followed++];
            if (state[next] == State::fresh) {
                state[next] = State::open;
                path.emplace_back(next, 0);
            } else if (state[next] == State::open) {
                std::vector<Channel> circle;
                auto begin = path.begin();
                while (begin->first != next) {
                    ++begin;
                }
                for (; begin != path.end(); ++begin) {
                    circle.push_back(channel_of(begin->first));
                }
                return circle;
            }
        }
    }
    return {};
}

std::string describe(const std::vector<Channel>& circle, const Routes& routes) {
    const Graph& graph = routes.graph();
    std::string text;
    for (const Channel& channel : circle) {
        text += text.empty() ? "" : ", ";
        text += graph.name_of_router(graph.router_of(channel.port)) + " to " +
                graph.name_of_router(graph.router_of(graph.link(channel.port).to));
        text += channel.second ? " by the second part of the channels" : "";
    }
    return text;
}

void refuse_circles(const Routes& routes) {
    const std::vector<Channel> circle = find_circle(routes);
    if (!circle.empty()) {
        throw InputError(
            "graph: its routes can deadlock: each of these links waits for the next, "
            "the last for the first: " +
            describe(circle, routes) +
            "; allowed are routes without a circle, such as routing up_down");
    }
}

}  // namespace spikeloom::noc
