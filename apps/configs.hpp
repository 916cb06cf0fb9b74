// Where the configurations that come with spikeloom are found.
#pragma once

#include <filesystem>
#include <string>

namespace spikeloom::apps {

/// The energy tables a run is priced with where none is named; the first gives the figures.
inline constexpr const char* kStandardTables[] = {"energy/cmos-45nm-low-leakage.yaml",
                                                  "energy/cmos-45nm.yaml"};

/// The file `relative` ("chips/spikeloom-20.yaml") of the folder configs/: that of the current
/// folder, else that of the source tree the program was built from. InputError where neither has
/// it.
std::filesystem::path find_config(const std::string& relative);

}  // namespace spikeloom::apps
