#include "workloads/chrome_trace.hpp"

#include "base/files.hpp"

#include <cstdio>
#include <set>

#include <nlohmann/json.hpp>

namespace spikeloom::workloads {

namespace {

// Threads of a tile, which is a process in the viewer.
constexpr int kVectorUnit = 0;
constexpr int kEncoder = 1;

std::string metadata(const char* what, arch::TileId tile, int thread, const std::string& name) {
    const nlohmann::ordered_json event = {
        {"ph", "M"}, {"name", what}, {"pid", tile}, {"tid", thread}, {"args", {{"name", name}}}};
    return event.dump() + ",\n";
}

}  // namespace

ChromeTrace::ChromeTrace(const arch::Program& program, const arch::ChipConfig& chip)
    : program_(program), microseconds_per_cycle_(1e6 / chip.core_clock_hz) {
    std::set<arch::TileId> tiles;
    for (const arch::Stage& stage : program.stages) {
        if (tiles.insert(stage.tile).second) {
            events_ +=
                metadata("process_name", stage.tile, 0, "tile " + std::to_string(stage.tile));
            events_ += metadata("thread_name", stage.tile, kVectorUnit, "vector unit");
            events_ += metadata("thread_name", stage.tile, kEncoder, "encoder");
        }
    }
}

void ChromeTrace::add(arch::StageId stage, int unit, arch::Cycle start, arch::Cycle end,
                      const std::string& arguments) {
    char times[80];
    std::snprintf(times, sizeof times, "\"ts\":%.6f,\"dur\":%.6f",
                  static_cast<double>(start) * microseconds_per_cycle_,
                  static_cast<double>(end - start) * microseconds_per_cycle_);
    events_ += "{\"ph\":\"X\",\"name\":" + nlohmann::json(program_.stages[stage].name).dump() +
               ",\"pid\":" + std::to_string(program_.stages[stage].tile) +
               ",\"tid\":" + std::to_string(unit) + "," + times + ",\"args\":{" + arguments +
               "}},\n";
}

void ChromeTrace::program_ended(const arch::ProgramRun& run) {
    add(run.stage, kVectorUnit, run.start, run.end,
        "\"token\":" + std::to_string(run.step) +
            ",\"waited cycles\":" + std::to_string(run.start - run.ready));
}

void ChromeTrace::emission_ended(const arch::EmissionRun& run) {
    add(run.stage, kEncoder, run.start, run.end,
        "\"token\":" + std::to_string(run.step) + ",\"packets\":" + std::to_string(run.packets) +
            ",\"flits\":" + std::to_string(run.flits) +
            ",\"events\":" + std::to_string(run.events));
}

void ChromeTrace::power(double seconds, double watts) {
    char event[120];
    std::snprintf(
        event, sizeof event,
        "{\"ph\":\"C\",\"name\":\"power\",\"pid\":0,\"ts\":%.6f,\"args\":{\"W\":%.6g}},\n",
        seconds * 1e6, watts);
    events_ += event;
}

void ChromeTrace::write(const std::filesystem::path& path) const {
    std::string text = "[\n" + events_;
    if (!events_.empty()) {
        text.erase(text.size() - 2, 1);  // the comma behind the last event
    }
    write_file(path, text + "]\n");
}

}  // namespace spikeloom::workloads
