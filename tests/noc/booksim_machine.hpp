// BookSim2's input-queued router on a mesh with dimension order, written down a second time: every
// node, port and channel is looked at in every cycle, in the order of the published recipe, with
// nothing of noc/ in it. Slow and plain; what the network does must be what this does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace spikeloom::noc {

class BookSimMachine {
  public:
    using Time = std::uint64_t;

    /// A pointer that never moves, of those that the recipe has.
    enum class Frozen {
        none,
        vc_output,      // of an output channel, over input channels
        vc_input,       // of an input channel, over output channels
        switch_output,  // of an output port, over input ports
        switch_input,   // of an input port, over output ports
        switch_vc,      // of an input port, over its channels
    };

    struct Shape {
        int width;
        int height;
        int vcs;
        int buffer;
        int routing_delay;         // 0: four stages; 1: five
        bool speculative = false;  // three stages
        Frozen frozen = Frozen::none;
    };
    /// A node's packets must be given in the order in which it sends them.
    struct Job {
        Time created;
        int source;
        int destination;
        int flits;
        std::optional<Time> retired = {};
    };

    BookSimMachine(const Shape& shape, std::vector<Job> jobs)
        : shape_(shape), jobs_(std::move(jobs)) {
        nodes_.resize(static_cast<std::size_t>(shape.width * shape.height));
        for (Node& node : nodes_) {
            node.inputs.resize(channels());
            node.outputs.resize(channels(), Output{false, 0, shape_.buffer, 0});
            node.source_credits.resize(static_cast<std::size_t>(shape.vcs), shape.buffer);
        }
        for (std::size_t job = 0; job < jobs_.size(); ++job) {
            nodes_[static_cast<std::size_t>(jobs_[job].source)].queue.push_back(job);
        }
    }

    /// The jobs with the cycles in which their last flits were consumed.
    const std::vector<Job>& run(Time limit) {
        std::size_t left = jobs_.size();
        for (Time now = 0; left != 0 && now < limit; ++now) {
            left -= receive(now);
            for (int node = 0; node < shape_.width * shape_.height; ++node) {
                inject(node, now);
            }
            for (int node = 0; node < shape_.width * shape_.height; ++node) {
                work(node, now);
            }
        }
        return jobs_;
    }

  private:
    static constexpr int kEast = 0, kWest = 1, kNorth = 2, kSouth = 3, kHere = 4, kPorts = 5;
    enum class State { idle, routing, waiting, active };

    struct Flit {
        std::size_t job;
        bool head;
        bool tail;
    };
    struct Input {
        std::deque<Flit> flits;
        State state = State::idle;
        int output = 0;     // port
        int output_vc = 0;  // while active
        int pointer = 0;    // to the output channels
    };
    struct Output {
        bool owned;
        int owner;
        int credits;
        int pointer;  // to the input channels
    };
    struct Node {
        std::vector<Input> inputs;    // port * vcs + vc
        std::vector<Output> outputs;  // port * vcs + vc
        int first_vc[kPorts] = {};    // of an input port, for the switch
        int accepts[kPorts] = {};     // input port's pointer to output ports
        int grants[kPorts] = {};      // output port's pointer to input ports
        std::deque<std::size_t> queue;
        int sent = 0;      // flits of the queue's first packet
        int sent_vc = -1;  // the channel it goes by, or the last one did
        std::vector<int> source_credits;
    };
    struct Arrival {
        int node;
        int channel;
        Flit flit;
    };
    struct Credit {
        int node;
        int channel;
        bool of_source;
    };

    std::size_t channels() const { return static_cast<std::size_t>(kPorts * shape_.vcs); }

    int route(int node, int destination) const {
        const int w = shape_.width;
        if (node % w != destination % w) {
            return node % w < destination % w ? kEast : kWest;
        }
        if (node / w != destination / w) {
            return node / w < destination / w ? kNorth : kSouth;
        }
        return kHere;
    }
    int neighbour(int node, int port) const {
        const int steps[] = {1, -1, shape_.width, -shape_.width};
        return node + steps[port];
    }
    /// A link that leaves by east comes in from west.
    static int opposite(int port) { return port ^ 1; }

    /// Flits and credits that are seen from this cycle on. Returns how many packets were retired.
    std::size_t receive(Time now) {
        std::size_t retired = 0;
        for (const Flit& flit : sinks_[now]) {
            if (flit.tail) {
                jobs_[flit.job].retired = now;
                ++retired;
            }
        }
        sinks_.erase(now);
        for (const Arrival& arrival : arrivals_[now]) {
            nodes_[static_cast<std::size_t>(arrival.node)]
                .inputs[static_cast<std::size_t>(arrival.channel)]
                .flits.push_back(arrival.flit);
        }
        arrivals_.erase(now);
        for (const Credit& credit : credits_[now]) {
            Node& node = nodes_[static_cast<std::size_t>(credit.node)];
            const auto channel = static_cast<std::size_t>(credit.channel);
            ++(credit.of_source ? node.source_credits[channel] : node.outputs[channel].credits);
        }
        credits_.erase(now);
        return retired;
    }

    void inject(int id, Time now) {
        Node& node = nodes_[static_cast<std::size_t>(id)];
        if (node.queue.empty() || jobs_[node.queue.front()].created > now) {
            return;
        }
        const std::size_t job = node.queue.front();
        if (node.sent == 0) {
            int chosen = -1;
            for (int i = 1; i <= shape_.vcs && chosen < 0; ++i) {
                const int vc = (node.sent_vc + i) % shape_.vcs;
                chosen = node.source_credits[static_cast<std::size_t>(vc)] > 0 ? vc : -1;
            }
            if (chosen < 0) {
                return;
            }
            node.sent_vc = chosen;
        }
        int& credits = node.source_credits[static_cast<std::size_t>(node.sent_vc)];
        if (credits == 0) {
            return;
        }
        --credits;
        const bool head = node.sent == 0;
        const bool tail = ++node.sent == jobs_[job].flits;
        arrivals_[now + 2].push_back(
            {id, kHere * shape_.vcs + node.sent_vc, Flit{job, head, tail}});
        if (tail) {
            node.queue.pop_front();
            node.sent = 0;
        }
    }

    void work(int id, Time now) {
        Node& node = nodes_[static_cast<std::size_t>(id)];
        for (Input& input : node.inputs) {
            if (input.state == State::idle && !input.flits.empty()) {
                begin(id, input);
            }
        }
        std::vector<int> movable;  // active before channels are given out, or guessing
        for (int channel = 0; channel < static_cast<int>(channels()); ++channel) {
            const Input& input = node.inputs[static_cast<std::size_t>(channel)];
            if ((input.state == State::active && !input.flits.empty() &&
                 output_of(node, input).credits > 0) ||
                may_guess(node, input)) {
                movable.push_back(channel);
            }
        }
        const std::vector<int> routed = in_state(node, State::routing);
        const std::vector<std::vector<int>> given = give_channels(node);
        const std::vector<int> leaving = give_switch(node, movable);
        for (const int channel : routed) {
            node.inputs[static_cast<std::size_t>(channel)].state = State::waiting;
        }
        for (const std::vector<int>& pair : given) {
            Input& input = node.inputs[static_cast<std::size_t>(pair[0])];
            Output& output = node.outputs[static_cast<std::size_t>(pair[1])];
            input.state = State::active;
            input.output_vc = pair[1] % shape_.vcs;
            output.owned = true;
            output.owner = pair[0];
        }
        for (const int channel : leaving) {
            const Input& input = node.inputs[static_cast<std::size_t>(channel)];
            if (input.state == State::active && output_of(node, input).credits > 0) {
                leave(id, channel, now);
            }  // else it guessed wrong
        }
    }

    /// A head asks for the switch at once with the channel, if one is free and has a credit.
    bool may_guess(const Node& node, const Input& input) const {
        bool found = false;
        for (int vc = 0; vc < shape_.vcs; ++vc) {
            const Output& output =
                node.outputs[static_cast<std::size_t>(input.output * shape_.vcs + vc)];
            found = found || (!output.owned && output.credits > 0);
        }
        return shape_.speculative && input.state == State::waiting && found;
    }

    void begin(int id, Input& input) {
        input.output = route(id, jobs_[input.flits.front().job].destination);
        input.state = shape_.routing_delay == 0 ? State::waiting : State::routing;
    }

    std::vector<int> in_state(const Node& node, State state) const {
        std::vector<int> found;
        for (std::size_t channel = 0; channel < channels(); ++channel) {
            if (node.inputs[channel].state == state) {
                found.push_back(static_cast<int>(channel));
            }
        }
        return found;
    }

    Output& output_of(Node& node, const Input& input) {
        return node.outputs[static_cast<std::size_t>(input.output * shape_.vcs + input.output_vc)];
    }

    /// How far `what` lies behind the pointer in a circle of `size`.
    static int behind(int pointer, int what, int size) { return (what - pointer + size) % size; }

    void move(Frozen kind, int& pointer, int to) const {
        pointer = shape_.frozen == kind ? pointer : to;
    }

    /// One iteration of iSLIP: pairs of input and output channel.
    std::vector<std::vector<int>> give_channels(Node& node) {
        const int size = static_cast<int>(channels());
        const std::vector<int> waiting = in_state(node, State::waiting);
        std::map<int, std::vector<int>> granted;  // by input channel
        for (int out = 0; out < size; ++out) {
            const Output& output = node.outputs[static_cast<std::size_t>(out)];
            int best = -1;
            for (const int in : waiting) {
                const bool asks =
                    node.inputs[static_cast<std::size_t>(in)].output == out / shape_.vcs;
                if (!output.owned && asks &&
                    (best < 0 ||
                     behind(output.pointer, in, size) < behind(output.pointer, best, size))) {
                    best = in;
                }
            }
            if (best >= 0) {
                granted[best].push_back(out);
            }
        }
        std::vector<std::vector<int>> pairs;
        for (const auto& [in, outs] : granted) {
            Input& input = node.inputs[static_cast<std::size_t>(in)];
            int best = outs.front();
            for (const int out : outs) {
                best = behind(input.pointer, out, size) < behind(input.pointer, best, size) ? out
                                                                                            : best;
            }
            move(Frozen::vc_input, input.pointer, (best + 1) % size);
            move(Frozen::vc_output, node.outputs[static_cast<std::size_t>(best)].pointer,
                 (in + 1) % size);
            pairs.push_back({in, best});
        }
        return pairs;
    }

    /// One iteration of iSLIP over the ports: the input channels that may send.
    std::vector<int> give_switch(Node& node, const std::vector<int>& movable) {
        int represents[kPorts][kPorts];  // [input][output]: channel, or -1
        for (auto& row : represents) {
            for (int& channel : row) {
                channel = -1;
            }
        }
        for (const int channel : movable) {
            const int in = channel / shape_.vcs;
            int& chosen = represents[in][node.inputs[static_cast<std::size_t>(channel)].output];
            const auto place = [&](int who) {
                return behind(node.first_vc[in], who % shape_.vcs, shape_.vcs);
            };
            const auto guesses = [&](int who) {
                return node.inputs[static_cast<std::size_t>(who)].state == State::waiting;
            };
            if (chosen < 0 || guesses(channel) < guesses(chosen) ||
                (guesses(channel) == guesses(chosen) && place(channel) < place(chosen))) {
                chosen = channel;
            }
        }
        int accepted[kPorts] = {-1, -1, -1, -1, -1};  // by input: output
        for (int out = 0; out < kPorts; ++out) {
            int granted = -1;
            for (int in = 0; in < kPorts; ++in) {
                if (represents[in][out] >= 0 &&
                    (granted < 0 || behind(node.grants[out], in, kPorts) <
                                        behind(node.grants[out], granted, kPorts))) {
                    granted = in;
                }
            }
            if (granted >= 0 && (accepted[granted] < 0 ||
                                 behind(node.accepts[granted], out, kPorts) <
                                     behind(node.accepts[granted], accepted[granted], kPorts))) {
                accepted[granted] = out;
            }
        }
        std::vector<int> leaving;
        for (int in = 0; in < kPorts; ++in) {
            const int out = accepted[in];
            if (out >= 0) {
                const int channel = represents[in][out];
                move(Frozen::switch_input, node.accepts[in], (out + 1) % kPorts);
                move(Frozen::switch_output, node.grants[out], (in + 1) % kPorts);
                move(Frozen::switch_vc, node.first_vc[in], (channel % shape_.vcs + 1) % shape_.vcs);
                leaving.push_back(channel);
            }
        }
        return leaving;
    }

    void leave(int id, int channel, Time now) {
        Node& node = nodes_[static_cast<std::size_t>(id)];
        Input& input = node.inputs[static_cast<std::size_t>(channel)];
        Output& output = output_of(node, input);
        const Flit flit = input.flits.front();
        input.flits.pop_front();
        --output.credits;
        const int from = channel / shape_.vcs;
        const int vc = channel % shape_.vcs;
        if (from == kHere) {
            credits_[now + 2].push_back({id, vc, true});
        } else {
            credits_[now + 2].push_back(
                {neighbour(id, from), opposite(from) * shape_.vcs + vc, false});
        }
        const int to = input.output;
        if (to == kHere) {
            sinks_[now + 3].push_back(flit);
            credits_[now + 5].push_back({id, to * shape_.vcs + input.output_vc, false});
        } else {
            arrivals_[now + 3].push_back(
                {neighbour(id, to), opposite(to) * shape_.vcs + input.output_vc, flit});
        }
        if (flit.tail) {
            output.owned = false;
            input.state = State::idle;
            if (!input.flits.empty()) {
                begin(id, input);
            }
        }
    }

    Shape shape_;
    std::vector<Job> jobs_;
    std::vector<Node> nodes_;
    std::map<Time, std::vector<Arrival>> arrivals_;
    std::map<Time, std::vector<Credit>> credits_;
    std::map<Time, std::vector<Flit>> sinks_;
};

}  // namespace spikeloom::noc
