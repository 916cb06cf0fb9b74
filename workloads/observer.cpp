#include "workloads/observer.hpp"

#include "base/error.hpp"
#include "models/fixed_point.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace spikeloom::workloads {

namespace fixed = models::fixed;

OutputObserver::OutputObserver(const arch::Program& program, const models::ModelConfig& model)
    : program_(program),
      watched_(watched_outputs(model)),
      width_(watched_.back().first + watched_.back().width),
      sources_(program.stages.size()),
      follow_(program.stages.size()) {
    for (const WatchedOutput& wanted : watched_) {
        std::size_t found = 0;
        for (std::size_t s = 0; s < program.stages.size(); ++s) {
            for (const arch::Output& output : program.stages[s].outputs) {
                if (output.name == wanted.name) {
                    sources_[s].push_back({output.source, output.length, wanted.first + found});
                    found += output.length;
                }
            }
        }
        if (found != wanted.width) {
            throw InputError("program '" + program.name + "': output " + wanted.name + " has " +
                             std::to_string(found) + " channels; the model has " +
                             std::to_string(wanted.width) + ", the program is none of it");
        }
    }
}

void OutputObserver::follow(NeuronId neuron) {
    if (neuron.output >= watched_.size()) {
        throw InputError("neuron of output " + std::to_string(neuron.output) + "; the model has " +
                         std::to_string(watched_.size()));
    }
    const WatchedOutput& output = watched_[neuron.output];
    const std::size_t element = output.first + neuron.channel;
    for (std::size_t s = 0; s < sources_.size() && neuron.channel < output.width; ++s) {
        for (const Source& source : sources_[s]) {
            if (element < source.first || element >= source.first + source.length) {
                continue;
            }
            const arch::Stage& stage = program_.stages[s];
            const std::uint32_t at =
                source.at.first + static_cast<std::uint32_t>(element - source.first);
            const auto lif = std::find_if(
                stage.program.begin(), stage.program.end(), [&](const arch::Instruction& i) {
                    return i.op == arch::Opcode::lif &&
                           i.to.register_index == source.at.register_index && at >= i.to.first &&
                           at < i.to.first + i.length;
                });
            if (lif == stage.program.end()) {
                break;
            }
            const std::uint32_t in_run = at - lif->to.first;
            follow_[s].push_back({traces_.size(),
                                  {lif->a.register_index, lif->a.first + in_run},
                                  {lif->b.register_index, lif->b.first + in_run},
                                  lif->lif,
                                  0});
            traces_.push_back({neuron, lif->lif.threshold, {}});
            return;
        }
    }
    throw InputError("neuron " + std::to_string(neuron.channel) + " of " + output.name +
                     " has no membrane in program '" + program_.name + "'");
}

void OutputObserver::program_ended(const arch::ProgramRun& run) {
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
        const auto value_of = [&](const arch::Operand& at) {
            return run.values(at.register_index)[at.first];
        };
        fixed::Lif without_reset = follower.neuron;
        without_reset.threshold = std::numeric_limits<fixed::Value>::max();
        traces_[follower.trace].values.push_back(
            fixed::integrate_and_fire(follower.before, value_of(follower.drive), without_reset)
                .membrane);
        follower.before = value_of(follower.membrane);
    }
}

std::vector<std::int32_t> OutputObserver::take(std::uint64_t step) {
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
