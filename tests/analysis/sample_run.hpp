// A made-up run that has something of everything a report shows. No simulator wrote it: its numbers
// are plausible and mean nothing.
#pragma once

#include "analysis/run.hpp"

#include <filesystem>
#include <string>

namespace spikeloom::tests {

/// 3 layers of 64 channels on 4 x 4 tiles (host 0, memory 12), prefill and generation. Every field
/// is set, and no two runs of different `seed` have the same numbers.
analysis::Run sample_run(std::uint64_t seed = 1);

/// The same machine with the twin without spikes: no firing rates, no rasters, no membranes.
analysis::Run dense_sample_run();

/// A table that prices all events of the sample, and its static power.
analysis::EnergyTable sample_table();

/// A fresh folder that is gone with the object.
class ScratchFolder {
  public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace spikeloom::tests
