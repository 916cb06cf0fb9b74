// Where a model has its layers of LIF neurons.
#pragma once

#include "models/config.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace spikeloom::models {

/// The layers of neurons that a block may have. Those in front of a matrix are named after it.
enum class LifSite {
    att_key,         ///< behind the token-shift mix of the time-mix's key
    att_value,       ///< ... of its value
    att_receptance,  ///< ... of its receptance
    att_output,      ///< on sigmoid(r) wkv
    att,             ///< behind the time-mix
    ffn_key,         ///< behind the token-shift mix of the channel-mix's key
    ffn_receptance,  ///< ... of its receptance
    ffn_value,       ///< on the hidden channels: H neurons, everywhere else C
    ffn,             ///< behind the channel-mix
};
inline constexpr std::size_t kLifSites = 9;

/// "att_key" and so on.
const char* name_of(LifSite site);

/// Those that a block of this model has, in the order of the data.
std::span<const LifSite> lif_sites(const ModelConfig& config);

/// Neurons of a site.
std::size_t lif_width(const ModelConfig& config, LifSite site);

/// Something for each site.
template <class T>
class PerLifSite {
  public:
    T& operator[](LifSite site) { return values_[static_cast<std::size_t>(site)]; }
    const T& operator[](LifSite site) const { return values_[static_cast<std::size_t>(site)]; }
    auto begin() { return values_.begin(); }
    auto end() { return values_.end(); }
    auto begin() const { return values_.begin(); }
    auto end() const { return values_.end(); }

  private:
    std::array<T, kLifSites> values_{};
};

}  // namespace spikeloom::models
