// The comparison with the golden model, token by token and bit by bit.
#pragma once

#include "models/integer_model.hpp"
#include "models/quantised_model.hpp"
#include "workloads/watched_outputs.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spikeloom::workloads {

/// A value that differs: where, when, what it should be and what it is.
struct Mismatch {
    std::uint64_t step = 0;
    std::string where;  // "layer0.att.spikes", "logits"
    std::size_t element = 0;
    std::int32_t expected = 0;
    std::int32_t found = 0;

    std::string text() const;
};

struct Verification {
    std::uint64_t spikes_compared = 0;
    std::uint64_t values_compared = 0;  // what enters the residual stream in place of spikes
    std::uint64_t logits_compared = 0;
    std::uint64_t mismatches = 0;
    std::optional<Mismatch> first;  // in the order of steps, and of the model within a step

    /// Nothing compared is nothing shown.
    bool bit_exact() const { return mismatches == 0 && logits_compared > 0; }
};

class GoldenCheck {
  public:
    /// Keeps a reference to the model.
    /// `functions`: how the machine that is compared makes them.
    GoldenCheck(const models::QuantisedModel& model, const models::fixed::Functions& functions);

    /// Takes the golden model one token on and compares what the chip made of the same token: all
    /// watched outputs, one behind the other, and the logits [V].
    void compare(int token, std::span<const std::int32_t> outputs,
                 std::span<const std::int32_t> logits);

    const Verification& result() const { return result_; }

  private:
    void compare_all(const std::string& where, std::span<const std::int32_t> expected,
                     std::span<const std::int32_t> found);
    std::span<const std::int32_t> expected_values(const WatchedOutput& output);

    const models::QuantisedModel& model_;
    models::IntegerModel golden_;
    std::vector<WatchedOutput> watched_;
    std::uint64_t step_ = 0;
    std::vector<std::int32_t> narrowed_;
    Verification result_;
};

}  // namespace spikeloom::workloads
