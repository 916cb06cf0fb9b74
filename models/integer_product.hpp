// Matrix times events, exactly, as the golden model computes it on a host: row by row with the
// vector unit's dot products, where a chip goes event by event. Integer sums do not mind.
#pragma once

#include "models/quantised_model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace spikeloom::models {

class IntegerProduct {
  public:
    /// Keeps a reference to `matrix`, and a copy of its weights as bytes where they fit: large
    /// models are limited by how fast weights come from memory.
    explicit IntegerProduct(const QuantisedMatrix& matrix);

    /// sums[r] = sum_c weights[first + r, c] * events[c]; exact for a matrix that passes the
    /// model's check and events of its format.
    void accumulate(std::span<const std::int16_t> events, std::size_t first,
                    fixed::Results sums) const;

  private:
    const QuantisedMatrix& matrix_;
    std::vector<std::int8_t> bytes_;
};

}  // namespace spikeloom::models
