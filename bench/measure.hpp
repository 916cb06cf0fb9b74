// Measurements on a machine that others use, too: what is compared runs by turns, and the middle of
// many turns counts.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace spikeloom::bench {

inline double seconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Of each work its seconds, turn by turn. A first turn, which allocates, is left out. Turns are
/// made until `seconds` have passed, at least `least`.
inline std::vector<std::vector<double>> by_turns(const std::vector<std::function<void()>>& works,
                                                 double seconds, std::size_t least = 5) {
    std::vector<std::vector<double>> times(works.size());
    for (const auto& work : works) {
        work();
    }
    double spent = 0.0;
    for (std::size_t turn = 0; turn < least || spent < seconds; ++turn) {
        for (std::size_t i = 0; i < works.size(); ++i) {
            times[i].push_back(seconds_of(works[i]));
            spent += times[i].back();
        }
    }
    return times;
}

/// The middle of first[i] / second[i].
inline double median_ratio(const std::vector<double>& first, const std::vector<double>& second) {
    std::vector<double> ratios(first.size());
    std::transform(first.begin(), first.end(), second.begin(), ratios.begin(),
                   [](double a, double b) { return a / b; });
    return median(ratios);
}

}  // namespace spikeloom::bench
