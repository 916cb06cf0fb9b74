#include "noc/experiment_hosts.hpp"

#include "noc/network_module.hpp"

#include <algorithm>

namespace spikeloom::noc {

namespace {

class PlainHost final : public ExperimentHost {
  public:
    PlainHost(const NetworkConfig& config, Recorder& recorder)
        : network_(config), recorder_(recorder) {
        recorder.begin(network_);
    }

    const Network& network() const override { return network_; }

    void run_until(Cycle end) override {
        const auto send = [this](const Packet& packet) { return network_.send(packet); };
        while (network_.now() < end) {
            if (network_.now() == covered_) {
                covered_ = recorder_.create(send);
            }
            const Cycle next = std::min({network_.next_activity(), covered_, end});
            if (next > network_.now()) {
                network_.skip_to(next);
                continue;
            }
            network_.step();
            const Cycle cycle = network_.now() - 1;
            if (recorder_.follows()) {
                recorder_.follow(network_, cycle);
            }
            if (!network_.deliveries().empty()) {
                recorder_.record(network_, cycle, network_.deliveries(), send);
            }
        }
    }

  private:
    Network network_;
    Recorder& recorder_;
    Cycle covered_ = 0;  // packets created before this cycle are sent
};

/// The network's module, and a process that sends the packets of a span in the last cycle before
/// it.
class SystemCHost final : public ExperimentHost, public DeliverySink, public sc_core::sc_module {
  public:
    SystemCHost(const sc_core::sc_module_name& name, const NetworkConfig& config,
                Recorder& recorder)
        : sc_module(name), network_("network", config, *this), recorder_(recorder) {
        SC_HAS_PROCESS(SystemCHost);
        SC_METHOD(create);
        sensitive << span_ends_;
        dont_initialize();
        recorder.begin(network_.network());
        create();
    }

    const Network& network() const override { return network_.network(); }
    void run_until(Cycle end) override {
        sc_core::sc_start(network_.time_of(end) - sc_core::sc_time_stamp());
    }

    void deliver(Cycle cycle, std::span<const Delivery> deliveries) override {
        recorder_.record(network(), cycle, deliveries,
                         [this](const Packet& packet) { return network_.send(packet); });
    }
    void sources_drained(Cycle, std::span<const SourceReport>) override {}

  private:
    void create() {
        const Cycle covered =
            recorder_.create([this](const Packet& packet) { return network_.send(packet); });
        if (covered != kNever) {
            span_ends_.notify(network_.time_of(covered - 1) - sc_core::sc_time_stamp());
        }
    }

    NetworkModule network_;
    Recorder& recorder_;
    sc_core::sc_event span_ends_;
};

}  // namespace

void Recorder::begin(Network& network) {
    traffic_.make_groups([&](std::span<const NodeId> nodes) { return network.add_group(nodes); });
    if (logged_) {
        log_ = &network.keep_log();
    }
}

std::unique_ptr<ExperimentHost> make_host(Host host, const NetworkConfig& config,
                                          Recorder& recorder) {
    if (host == Host::plain) {
        return std::make_unique<PlainHost>(config, recorder);
    }
    return std::make_unique<SystemCHost>("experiment", config, recorder);
}

}  // namespace spikeloom::noc
