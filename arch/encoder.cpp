#include "arch/encoder.hpp"

#include <algorithm>
#include <utility>

namespace spikeloom::arch {

namespace {

/// The low bits as the receiver will read them: one bit is 0 or 1, more are two's complement.
std::int32_t truncated(std::int32_t value, std::uint32_t bits) {
    if (bits == 1) {
        return value & 1;
    }
    const std::uint32_t shift = 32 - bits;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(value) << shift) >>
           static_cast<int>(shift);
}

/// The number of events that fill flit `flit` of a packet, header and all; more than it has for its
/// last flit, if that is not full.
std::uint64_t units_to_fill(const noc::PacketFormat& format, std::uint32_t bits,
                            std::uint64_t flit) {
    const std::uint64_t end = (flit + 1) * static_cast<std::uint64_t>(format.flit_bits);
    const auto header = static_cast<std::uint64_t>(format.header_bits);
    return end <= header ? 1 : (end - header + bits - 1) / bits;
}

/// The cycles of a sparse output's flits, by the rule of windows (encoder.hpp).
void schedule_windows(Pass& pass, const noc::PacketFormat& format, std::uint32_t bits,
                      std::uint32_t scan_width, std::uint64_t windows) {
    const noc::Burst& layout = pass.burst->layout;
    const std::vector<std::uint32_t>& elements = pass.burst->elements;
    const std::uint64_t capacity = (static_cast<std::uint64_t>(format.flit_bits) *
                                        static_cast<std::uint64_t>(format.max_packet_flits) -
                                    static_cast<std::uint64_t>(format.header_bits)) /
                                   bits;  // events of a full packet
    Cycle cycle = 0;
    std::uint64_t window = 0;
    std::uint64_t taken = 0;  // events, when the last flit was written
    bool written = false;     // a flit, in `cycle`
    const auto move_to = [&](std::uint64_t next) {
        if (next > window) {
            // What a full flit left of the window takes a cycle of its own.
            const bool rest =
                written && taken < elements.size() && elements[taken] / scan_width == window;
            cycle += next - window + (rest ? 1 : 0);
            window = next;
            written = false;
        }
    };
    for (std::uint64_t packet = 0; packet < layout.packets(); ++packet) {
        const noc::Burst::Units units = layout.units_of_packet(packet);
        const bool open = units.count < capacity;  // it might have taken one more
        for (std::uint64_t flit = 0; flit < layout.flits(packet); ++flit) {
            const std::uint64_t filling = units_to_fill(format, bits, flit);
            const bool unfilled = open && filling > units.count;
            const std::uint64_t until = units.first + std::min(filling, units.count);
            move_to(unfilled ? windows - 1 : elements[until - 1] / scan_width);
            if (written) {
                ++cycle;
            }
            pass.flits.push_back(cycle);
            written = true;
            taken = until;
        }
    }
    move_to(windows - 1);
    pass.cycles = cycle + 1;
}

}  // namespace

Pass encode(const Output& output, std::span<const std::int32_t> values,
            const noc::PacketFormat& format, std::uint32_t scan_width, std::uint64_t& scans,
            std::uint64_t& truncations) {
    std::vector<std::uint32_t> elements;
    std::vector<std::int32_t> sent;
    for (std::uint32_t element = 0; element < values.size(); ++element) {
        const std::int32_t value = truncated(values[element], output.value_bits);
        truncations += value != values[element] ? 1 : 0;
        if (output.encoding == Encoding::dense) {
            sent.push_back(value);
        } else if (value != 0) {
            elements.push_back(element);
            if (output.encoding == Encoding::graded) {
                sent.push_back(value);
            }
        }
    }
    const std::uint32_t bits = event_bits(output.encoding, output.value_bits);
    const bool dense = output.encoding == Encoding::dense;
    auto burst = std::make_shared<EventBurst>(format, static_cast<int>(bits),
                                              dense ? sent.size() : elements.size());
    burst->elements = std::move(elements);
    burst->values = std::move(sent);

    Pass pass;
    pass.burst = std::move(burst);
    if (dense) {
        pass.cycles = pass.burst->layout.total_flits();
        for (Cycle flit = 0; flit < pass.cycles; ++flit) {
            pass.flits.push_back(flit);
        }
    } else {
        const std::uint64_t windows = (values.size() + scan_width - 1) / scan_width;
        scans += windows;
        schedule_windows(pass, format, bits, scan_width, windows);
    }
    return pass;
}

Encoder::Encoder(Fabric& fabric, TileId tile, OutputQueue& queue)
    : fabric_(fabric), tile_(tile), queue_(queue) {}

void Encoder::begin(StageState& stage, std::uint64_t step, Cycle start) {
    stage_ = &stage;
    run_ = {stage.id, step, start, start, 0, 0, 0};
    passes_.clear();
    legs_.clear();
    leg_ = flit_ = marker_ = 0;
    packet_ = in_packet_ = 0;
    cycle_ = start;
    packets_to_.assign(stage.consumers.size(), 0);
    for (const Output& output : stage.stage->outputs) {
        std::uint64_t scans = 0;
        std::uint64_t truncations = 0;
        passes_.push_back(
            encode(output,
                   std::span<const std::int32_t>(stage.registers[output.source.register_index])
                       .subspan(output.source.first, output.length),
                   fabric_.format, fabric_.config.core.scan_width, scans, truncations));
        const std::uint64_t destinations = output.destinations.size();
        const std::uint64_t events = passes_.back().burst->events() * destinations;
        run_.events += events;
        fabric_.counts.add(tile_, Event::encoder_scans, scans * destinations);
        fabric_.counts.add(tile_, Event::encoder_truncations, truncations * destinations);
        fabric_.counts.add(tile_, Event::encoder_events, events);
        fabric_.counts.add(tile_, Event::state_read_bits, output.length * kWordBits * destinations);
        for (const Destination& destination : output.destinations) {
            legs_.push_back({passes_.size() - 1, destination.stage, destination.axon});
        }
    }
}

std::optional<Cycle> Encoder::advance() {
    for (; leg_ < legs_.size(); ++leg_) {
        if (!write_pass(legs_[leg_])) {
            return std::nullopt;
        }
        cycle_ += passes_[legs_[leg_].pass].cycles;
        flit_ = 0;
        packet_ = 0;
    }
    return write_markers() ? std::optional(cycle_) : std::nullopt;
}

EmissionRun Encoder::finish(Cycle end) {
    fabric_.counts.add(tile_, Event::encoder_busy_cycles, end - run_.start);
    stage_ = nullptr;
    run_.end = end;
    return run_;
}

bool Encoder::write_pass(const Leg& leg) {
    const Pass& pass = passes_[leg.pass];
    for (; flit_ < pass.flits.size(); ++flit_) {
        const Cycle earliest = cycle_ + pass.flits[flit_];
        const std::optional<Cycle> written = write_flit(earliest);
        if (!written) {
            return false;
        }
        cycle_ += *written - earliest;
        if (++in_packet_ == pass.burst->layout.flits(packet_)) {
            send_packet(leg, *written);
        }
    }
    return true;
}

bool Encoder::write_markers() {
    const auto flits = static_cast<std::uint16_t>(fabric_.format.header_flits());
    for (; marker_ < stage_->consumers.size(); ++marker_) {
        for (; in_packet_ < flits; ++in_packet_) {
            const std::optional<Cycle> written = write_flit(cycle_);
            if (!written) {
                return false;
            }
            cycle_ = *written + 1;
        }
        Message marker;
        marker.kind = MessageKind::marker;
        marker.from = stage_->id;
        marker.to = stage_->consumers[marker_].stage;
        marker.step = run_.step;
        marker.packets = packets_to_[marker_];
        queue_.send(std::move(marker), fabric_.tile_of(stage_->consumers[marker_].stage), flits,
                    cycle_ - 1);
        ++run_.packets;
        in_packet_ = 0;
    }
    return true;
}

std::optional<Cycle> Encoder::write_flit(Cycle earliest) {
    const std::optional<Cycle> written = queue_.write(earliest);
    if (written) {
        fabric_.counts.add(tile_, Event::encoder_waits, *written - earliest);
        ++run_.flits;
    }
    return written;
}

void Encoder::send_packet(const Leg& leg, Cycle written) {
    const std::uint16_t flits = in_packet_;
    Message message;
    message.kind = MessageKind::events;
    message.from = stage_->id;
    message.to = leg.to;
    message.step = run_.step;
    message.axon = leg.axon;
    message.packet = packet_;
    message.burst = passes_[leg.pass].burst;
    queue_.send(std::move(message), fabric_.tile_of(leg.to), flits, written);
    const auto consumer =
        std::find_if(stage_->consumers.begin(), stage_->consumers.end(),
                     [&](const Consumer& candidate) { return candidate.stage == leg.to; });
    ++packets_to_[static_cast<std::size_t>(consumer - stage_->consumers.begin())];
    ++run_.packets;
    ++packet_;
    in_packet_ = 0;
}

}  // namespace spikeloom::arch
