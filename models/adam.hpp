// The optimiser: Adam (Kingma and Ba, 2015) with bias correction and decoupled weight decay
// (Loshchilov and Hutter, 2019), on the flat array of parameters.
#pragma once

#include "base/parallel.hpp"
#include "models/parameters.hpp"

#include <cstdint>

namespace spikeloom::models {

struct AdamConfig {
    double beta1 = 0.9;
    double beta2 = 0.99;
    double eps = 1e-8;
    double weight_decay = 0.0;  ///< of matrices alone; per step, times the learning rate
    double clip = 1.0;          ///< largest norm of the whole gradient; 0: any
};

class Adam {
  public:
    explicit Adam(const ModelConfig& model);

    /// One update by `gradients`, which it leaves as they are. Returns their norm before clipping.
    double step(const AdamConfig& config, double learning_rate, const Parameters& gradients,
                Parameters& parameters, Workers& workers);

    /// Running means of the gradient and of its square, and the number of steps behind them.
    Parameters mean;
    Parameters square;
    std::int64_t steps = 0;

  private:
    AlignedVector<float> decays_;  // 1 where weight decay applies, per parameter
};

/// Euclidean norm of all values, summed in an order that does not depend on the threads.
double norm_of(const Parameters& parameters, Workers& workers);

}  // namespace spikeloom::models
