// Units in which results and tables meet.
#pragma once

namespace spikeloom::analysis {

inline constexpr double kJoulesPerPicojoule = 1e-12;

}  // namespace spikeloom::analysis
