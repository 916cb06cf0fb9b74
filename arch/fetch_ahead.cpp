#include "arch/fetch_ahead.hpp"

#include <algorithm>

namespace spikeloom::arch {

FetchAhead::FetchAhead(const Program& program, std::span<const StageState> stages) {
    for (const StageState& stage : stages) {
        std::vector<std::uint32_t> axons;
        for (const Stage& producer : program.stages) {
            for (const Output& output : producer.outputs) {
                for (const Destination& to : output.destinations) {
                    for (std::uint32_t i = 0; output.encoding == Encoding::dense &&
                                              to.stage == stage.id && i < output.length;
                         ++i) {
                        if (stage.axons.fetches(to.axon + i)) {
                            axons.push_back(to.axon + i);
                        }
                    }
                }
            }
        }
        std::sort(axons.begin(), axons.end());
        axons.erase(std::unique(axons.begin(), axons.end()), axons.end());
        if (!axons.empty()) {
            order_.push_back({&stage, std::move(axons)});
        }
    }
}

std::optional<FetchAhead::Row> FetchAhead::upcoming(std::size_t index) const {
    const Axons& run = order_[run_];
    // A row that waits for its event of the step before is not fetched again beside itself.
    if (place_ + index >= run.axons.size() ||
        buffers_.contains(key(*run.stage, run.axons[place_ + index]))) {
        return std::nullopt;
    }
    return Row{run.stage, run.axons[place_ + index]};
}

void FetchAhead::fetched(std::span<const std::uint32_t> buffers) {
    for (std::size_t i = 0; i < buffers.size(); ++i) {
        const Axons& run = order_[run_];
        buffers_[key(*run.stage, run.axons[place_ + i])] = buffers[i];
    }
    advance(buffers.size());
}

std::optional<std::uint32_t> FetchAhead::take(const StageState& stage, std::uint32_t axon) {
    if (empty()) {
        return std::nullopt;
    }
    if (const auto found = buffers_.find(key(stage, axon)); found != buffers_.end()) {
        const std::uint32_t buffer = found->second;
        buffers_.erase(found);
        return buffer;
    }
    const Axons& run = order_[run_];
    if (run.stage == &stage && run.axons[place_] <= axon) {
        const auto behind = std::upper_bound(run.axons.begin(), run.axons.end(), axon);
        advance(static_cast<std::size_t>(behind - run.axons.begin()) - place_);
    }
    return std::nullopt;
}

void FetchAhead::advance(std::size_t rows) {
    place_ += rows;
    if (place_ == order_[run_].axons.size()) {
        place_ = 0;
        run_ = run_ + 1 == order_.size() ? 0 : run_ + 1;
    }
}

}  // namespace spikeloom::arch
