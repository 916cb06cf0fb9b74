#include "base/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace spikeloom {

namespace {

constexpr int kBarWidth = 28;

std::string scaled(double value) {
    const char* const suffixes[] = {"", " k", " M", " G"};
    int step = 0;
    while (value >= 1000.0 && step < 3) {
        value /= 1000.0;
        ++step;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.3g%s", value, suffixes[step]);
    return text;
}

}  // namespace

Progress::Progress(std::string what, std::string unit, std::uint64_t total)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      terminal_(::isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()),
      drawn_(start_ - std::chrono::seconds(1)) {}

Progress::~Progress() {
    finish();
}

void Progress::update(std::uint64_t done, const std::string& note) {
    update(done, done, note);
}

void Progress::update(std::uint64_t done, std::uint64_t counted, const std::string& note) {
    if (!terminal_ || finished_) {
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - drawn_ >= std::chrono::milliseconds(100)) {
        drawn_ = now;
        draw(done, counted, note);
    }
}

void Progress::draw(std::uint64_t done, std::uint64_t counted, const std::string& note) {
    const double seconds = std::chrono::duration<double>(drawn_ - start_).count();
    const double rate = seconds > 0.0 ? static_cast<double>(counted) / seconds : 0.0;
    std::string line = "\r\033[K" + what_ + " ";
    if (total_ > 0) {
        const double fraction =
            std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
        const int filled = static_cast<int>(fraction * kBarWidth);
        line += "[" + std::string(static_cast<std::size_t>(filled), '#') +
                std::string(static_cast<std::size_t>(kBarWidth - filled), '.') + "] ";
        char percent[16];
        std::snprintf(percent, sizeof percent, "%3.0f %% ", fraction * 100.0);
        line += percent;
        if (fraction > 0.0) {
            const double left = seconds * (1.0 - fraction) / fraction;
            char clock[32];
            std::snprintf(clock, sizeof clock, "%d:%02d left ", static_cast<int>(left) / 60,
                          static_cast<int>(left) % 60);
            line += clock;
        }
    }
    line += scaled(rate) + " " + unit_ + "/s";
    if (!note.empty()) {
        line += "  " + note;
    }
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
}

void Progress::line(const std::string& text) {
    std::fputs(((terminal_ && !finished_ ? "\r\033[K" : "") + text + "\n").c_str(), stderr);
    std::fflush(stderr);
}

void Progress::finish() {
    if (terminal_ && !finished_) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
    }
    finished_ = true;
}

}  // namespace spikeloom
