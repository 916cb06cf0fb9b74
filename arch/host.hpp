// The host: feeds the chip's inputs, step by step, and collects its results.
#pragma once

#include "arch/clock.hpp"

#include <cstdint>
#include <functional>
#include <span>

namespace spikeloom::arch {

class Host {
  public:
    virtual ~Host() = default;

    /// Called for every step, in order, with its `HostPort::result_length` values and the core
    /// cycle in which the last of them had arrived. It may feed further steps.
    using OnResult =
        std::function<void(std::uint64_t step, std::span<const std::int32_t> values, Cycle cycle)>;
    virtual void on_result(OnResult callback) = 0;

    /// Appends one step whose input is the binary events `axons` of the token stage: for a language
    /// model the one axon of the token, for a generic network its input spikes. Steps are sent in
    /// order, each as soon as the token stage has granted a credit for it, so all tokens of a
    /// prompt may be fed at once. A step fed from within the callback is available
    /// HostConfig::latency cycles after that result. Throws InputError for an axon that the token
    /// stage does not have.
    virtual void feed(std::span<const std::uint32_t> axons) = 0;
    void feed_token(std::uint32_t token) { feed({&token, 1}); }

    virtual std::uint64_t steps_fed() const = 0;
    virtual std::uint64_t steps_finished() const = 0;
};

}  // namespace spikeloom::arch
