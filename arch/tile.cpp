#include "arch/tile.hpp"

namespace spikeloom::arch {

Tile::Tile(const sc_core::sc_module_name& name, std::uint64_t period)
    : sc_module(name), period_(period) {
    SC_HAS_PROCESS(Tile);
    SC_METHOD(wake);
    sensitive << due_;
    dont_initialize();
}

void Tile::post(Cycle cycle, std::uint32_t kind, std::uint32_t index, std::uint32_t detail) {
    tasks_.push({cycle, kind, index, detail});
    if (tasks_.top().cycle == cycle) {
        arm(cycle);
    }
}

void Tile::wake() {
    const Cycle present = now();
    while (!tasks_.empty() && tasks_.top().cycle <= present) {
        const Task task = tasks_.top();
        tasks_.pop();
        perform(task);
    }
    settle(present);
    if (!tasks_.empty()) {
        arm(tasks_.top().cycle);
    }
}

void Tile::arm(Cycle cycle) {
    due_.notify(sc_core::sc_time::from_value(cycle * period_) - sc_core::sc_time_stamp());
}

}  // namespace spikeloom::arch
