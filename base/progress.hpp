// A progress bar with rate and time left on standard error, silent where that is no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace spikeloom {

class Progress {
  public:
    /// `what` stands before the bar, `unit` behind the rate ("tokens"). `total` of 0: not known.
    Progress(std::string what, std::string unit, std::uint64_t total);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// `done` of the total; `note` is shown behind the bar. Redraws at most ten times a second, so
    /// it may be called often. Where a fraction of something else than work is known (time, say),
    /// give it as `done` of `total` and the work itself as `counted`.
    void update(std::uint64_t done, const std::string& note = {});
    void update(std::uint64_t done, std::uint64_t counted, const std::string& note);
    /// Writes a line of its own above the bar, or simply a line where there is no terminal.
    void line(const std::string& text);
    /// Ends the line; later updates draw nothing.
    void finish();

  private:
    void draw(std::uint64_t done, std::uint64_t counted, const std::string& note);

    std::string what_;
    std::string unit_;
    std::uint64_t total_;
    bool terminal_;
    bool finished_ = false;
    std::chrono::steady_clock::time_point start_;
    std::chrono::steady_clock::time_point drawn_;
};

}  // namespace spikeloom
