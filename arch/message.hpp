// What travels between tiles. The network moves flits and knows nothing of their meaning; here is
// the meaning, found by the receiver through the packet's tag. docs/core.md has the bit layouts.
#pragma once

#include "arch/program.hpp"
#include "noc/packet_format.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace spikeloom::arch {

inline constexpr std::uint32_t kAxonBits = 16;
/// Axons that can be told apart.
inline constexpr std::uint32_t kAxonNumbers = 1U << kAxonBits;
inline constexpr std::uint32_t kRequestBits = 64;  // address 40, bytes 16, number 8
/// Bytes that a request can ask for.
inline constexpr std::uint32_t kLongestRequest = 65535;

/// Bits of an event in a packet.
std::uint32_t event_bits(Encoding encoding, std::uint32_t value_bits);
/// The most events that one flit can complete on a tile, over all that is sent to it.
std::uint64_t events_per_flit(const Program& program, TileId tile, int flit_bits);

enum class MessageKind : std::uint8_t {
    events,    // elements of an output
    marker,    // end of step: how many packets of events the producer sent to the stage in it
    credit,    // the consumer has room for one more step
    request,   // read so many bytes of a memory tile
    response,  // bytes read
};

/// The elements of one output as its program left them, and how they are laid into packets. All
/// packets that carry them share one copy.
struct EventBurst {
    EventBurst(const noc::PacketFormat& format, int unit_bits, std::uint64_t units)
        : layout(format, unit_bits, units) {}

    std::vector<std::uint32_t> elements;  // of each event; empty: unit i is element i
    std::vector<std::int32_t> values;     // of each event; empty: all 1
    noc::Burst layout;

    std::uint64_t events() const { return elements.empty() ? values.size() : elements.size(); }
    std::uint32_t element(std::size_t unit) const {
        return elements.empty() ? static_cast<std::uint32_t>(unit) : elements[unit];
    }
    std::int32_t value(std::size_t unit) const { return values.empty() ? 1 : values[unit]; }
};

struct Message {
    MessageKind kind = MessageKind::events;
    StageId from = 0;  // events, marker: the producer; credit: the consumer
    StageId to = 0;    // events, marker: the consumer; credit: the producer
    std::uint64_t step = 0;

    // events
    std::uint32_t axon = 0;    // of element 0 in the consumer
    std::uint64_t packet = 0;  // its place in the burst
    std::shared_ptr<const EventBurst> burst;

    std::uint64_t packets = 0;  // marker

    // request and response
    TileId tile = 0;               // request: whom to answer
    std::uint32_t transfer = 0;    // the requester's number for it
    std::uint64_t address = 0;     // request
    std::uint32_t bytes = 0;       // request: wanted; response: carried, ...
    std::uint32_t first_byte = 0;  // ... from this one of those wanted on
    std::shared_ptr<const std::vector<std::uint8_t>> row_bytes;  // response: all that was wanted
};

/// Messages under way, by the number that is their packets' tag.
class MessagePool {
  public:
    std::uint64_t add(Message message) {
        if (unused_.empty()) {
            messages_.push_back(std::move(message));
            return messages_.size() - 1;
        }
        const std::uint64_t tag = unused_.back();
        unused_.pop_back();
        messages_[tag] = std::move(message);
        return tag;
    }
    const Message& operator[](std::uint64_t tag) const { return messages_[tag]; }
    void remove(std::uint64_t tag) {
        messages_[tag] = {};
        unused_.push_back(tag);
    }
    std::size_t live() const { return messages_.size() - unused_.size(); }

  private:
    std::deque<Message> messages_;  // stays in place while it grows
    std::vector<std::uint64_t> unused_;
};

}  // namespace spikeloom::arch
