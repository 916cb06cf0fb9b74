#include "workloads/observer.hpp"

#include "base/error.hpp"
#include "models/fixed_point.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace spikeloom::workloads {

namespace fixed = models::fixed;

std::string sub_block_name(std::size_t sub_block) {
    return "layer" + std::to_string(sub_block / 2) + (sub_block % 2 == 0 ? ".att" : ".ffn");
}

SubBlockObserver::SubBlockObserver(const arch::Program& program, const models::ModelConfig& model)
    : program_(program),
      channels_(static_cast<std::size_t>(model.channels)),
      width_(2 * static_cast<std::size_t>(model.layers) * channels_),
      sources_(program.stages.size()),
      follow_(program.stages.size()) {
    for (std::size_t block = 0; block * channels_ < width_; ++block) {
        const std::string name = sub_block_name(block) + (model.spiking() ? ".spikes" : ".values");
        std::size_t found = 0;
        for (std::size_t s = 0; s < program.stages.size(); ++s) {
            for (const arch::Output& output : program.stages[s].outputs) {
                if (output.name == name) {
                    sources_[s].push_back(
                        {output.source, output.length, block * channels_ + found});
                    found += output.length;
                }
            }
        }
        if (found != channels_) {
            throw InputError("program '" + program.name + "': output " + name + " has " +
                             std::to_string(found) + " channels; the model has " +
                             std::to_string(channels_) + ", the program is none of it");
        }
    }
}

void SubBlockObserver::follow(NeuronId neuron) {
    const std::size_t element = neuron.sub_block * channels_ + neuron.channel;
    for (std::size_t s = 0; s < sources_.size() && neuron.channel < channels_; ++s) {
        for (const Source& source : sources_[s]) {
            if (element < source.first || element >= source.first + source.length) {
                continue;
            }
            const arch::Stage& stage = program_.stages[s];
            const auto has = [&](const char* name) {
                return std::any_of(stage.registers.begin(), stage.registers.end(),
                                   [&](const arch::Register& r) { return r.name == name; });
            };
            const auto lif = std::find_if(stage.program.begin(), stage.program.end(),
                                          [](const auto& i) { return i.op == arch::Opcode::lif; });
            if (lif == stage.program.end() || !has("drive") || !has("membrane")) {
                break;
            }
            const auto in_part = static_cast<std::uint32_t>(element - source.first);
            follow_[s].push_back({traces_.size(), in_part, lif->lif, 0});
            traces_.push_back({neuron, lif->lif.threshold, {}});
            return;
        }
    }
    throw InputError("neuron " + std::to_string(neuron.channel) + " of " +
                     sub_block_name(neuron.sub_block) + " has no membrane in program '" +
                     program_.name + "'");
}

void SubBlockObserver::program_ended(const arch::ProgramRun& run) {
    for (const Source& source : sources_[run.stage]) {
        while (steps_.size() <= run.step - first_step_) {
            steps_.push_back({std::vector<std::int32_t>(width_), 0});
        }
        Step& step = steps_[run.step - first_step_];
        const auto sent =
            run.values(source.at.register_index).subspan(source.at.first, source.length);
        std::copy(sent.begin(), sent.end(),
                  step.values.begin() + static_cast<std::ptrdiff_t>(source.first));
        step.filled += source.length;
    }
    for (Follower& follower : follow_[run.stage]) {
        // The register holds what is left after a reset; what was compared follows from the drive.
        fixed::Lif without_reset = follower.neuron;
        without_reset.threshold = std::numeric_limits<fixed::Value>::max();
        const std::int32_t drive = run.values("drive")[follower.element];
        traces_[follower.trace].values.push_back(
            fixed::integrate_and_fire(follower.membrane, drive, without_reset).membrane);
        follower.membrane = run.values("membrane")[follower.element];
    }
}

std::vector<std::int32_t> SubBlockObserver::take(std::uint64_t step) {
    if (step != first_step_ || steps_.empty() || steps_.front().filled != width_) {
        throw CheckFailed("the result of step " + std::to_string(step) +
                          " is there before all of its spikes are");
    }
    std::vector<std::int32_t> values = std::move(steps_.front().values);
    steps_.pop_front();
    ++first_step_;
    return values;
}

}  // namespace spikeloom::workloads
