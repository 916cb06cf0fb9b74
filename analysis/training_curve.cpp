#include "analysis/training_curve.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>
#include <stdexcept>

namespace spikeloom::analysis {

namespace {

constexpr std::string_view kCurveColumns =
    "step,tokens,seconds,learning_rate,gradient_norm,train_bits_per_token,train_bits_per_byte,"
    "valid_bits_per_token,valid_bits_per_byte,firing_rate,neurons,dead,saturated";
constexpr std::size_t kCurveColumnCount = 13;
/// Of each layer of neurons, behind "<layer>.<site>.".
constexpr std::array<std::string_view, 4> kActivityColumns = {"firing_rate", "neurons", "dead",
                                                              "saturated"};

std::string activity_columns(int layer, const std::string& site) {
    std::string names;
    for (const std::string_view column : kActivityColumns) {
        names += "," + std::to_string(layer) + "." + site + "." + std::string(column);
    }
    return names;
}

template <class Member>
std::uint64_t summed(const std::vector<LayerActivity>& activity, Member LayerActivity::*member) {
    std::uint64_t sum = 0;
    for (const LayerActivity& layer : activity) {
        sum += layer.*member;
    }
    return sum;
}

/// The cells of one line.
class Cells {
  public:
    Cells(std::string_view line, std::string where) : rest_(line), where_(std::move(where)) {}

    std::string_view text() {
        if (over_) {
            throw InputError(where_ + ": " + std::to_string(count_) +
                             " cells; the header has more");
        }
        ++count_;
        const std::size_t comma = rest_.find(',');
        const std::string_view cell = rest_.substr(0, comma);
        over_ = comma == std::string_view::npos;
        rest_.remove_prefix(over_ ? rest_.size() : comma + 1);
        return cell;
    }

    /// An empty cell is a number that is not known.
    double number() {
        const std::string_view cell = text();
        return cell.empty() ? std::numeric_limits<double>::quiet_NaN()
                            : parsed<double>(cell, "a finite number");
    }

    template <class Whole>
    Whole whole() {
        const auto value = parsed<Whole>(text(), "a whole number of at least 0");
        if (value < Whole{}) {
            refuse(std::to_string(value), "a whole number of at least 0");
        }
        return value;
    }

    bool over() const { return over_; }
    [[noreturn]] void refuse(std::string_view found, const char* allowed) const {
        throw InputError(where_ + ": column " + std::to_string(count_) + ": found '" +
                         std::string(found.substr(0, 40)) + "'; allowed is " + allowed);
    }

  private:
    template <class T>
    T parsed(std::string_view cell, const char* allowed) const {
        T value{};
        const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
        if (error != std::errc() || end != cell.data() + cell.size() ||
            !std::isfinite(static_cast<double>(value))) {
            refuse(cell, allowed);
        }
        return value;
    }

    std::string_view rest_;
    std::string where_;
    std::size_t count_ = 0;
    bool over_ = false;
};

/// The layers that a header names behind the fixed columns.
std::vector<LayerActivity> parse_header(std::string_view line, const std::string& where) {
    if (line.substr(0, kCurveColumns.size()) != kCurveColumns) {
        throw InputError(where + ": found '" + std::string(line.substr(0, 60)) +
                         "'; a learning curve begins with the columns " +
                         std::string(kCurveColumns));
    }
    std::vector<LayerActivity> layers;
    std::string_view rest = line.substr(kCurveColumns.size());
    while (!rest.empty()) {
        // ",<layer>.<site>.firing_rate" and the other three.
        const std::size_t dot = rest.find('.');
        const std::size_t end = rest.find('.', dot == std::string_view::npos ? dot : dot + 1);
        LayerActivity layer;
        bool good = end != std::string_view::npos && rest.front() == ',';
        if (good) {
            const auto [stop, error] =
                std::from_chars(rest.data() + 1, rest.data() + dot, layer.layer);
            layer.site = rest.substr(dot + 1, end - dot - 1);
            const std::string expected = activity_columns(layer.layer, layer.site);
            good = error == std::errc() && stop == rest.data() + dot && layer.layer >= 0 &&
                   rest.substr(0, expected.size()) == expected;
            rest.remove_prefix(std::min(rest.size(), expected.size()));
        }
        if (!good) {
            throw InputError(where + ": found '" + std::string(rest.substr(0, 60)) +
                             "'; allowed are the columns <layer>.<site>. of firing_rate, neurons, "
                             "dead and saturated");
        }
        layers.push_back(std::move(layer));
    }
    return layers;
}

TrainingPoint parse_point(std::string_view line, const std::string& where,
                          const std::vector<LayerActivity>& layers) {
    Cells cells(line, where);
    TrainingPoint point;
    point.step = cells.whole<std::int64_t>();
    point.tokens = cells.whole<std::int64_t>();
    for (double* const value :
         {&point.seconds, &point.learning_rate, &point.gradient_norm, &point.train_bits_per_token,
          &point.train_bits_per_byte, &point.valid_bits_per_token, &point.valid_bits_per_byte}) {
        *value = cells.number();
    }
    for (std::size_t sums = 9; sums < kCurveColumnCount; ++sums) {
        cells.number();  // over all layers; they follow one by one
    }
    point.activity = layers;
    for (LayerActivity& layer : point.activity) {
        layer.firing_rate = cells.number();
        layer.neurons = cells.whole<std::uint64_t>();
        layer.dead = cells.whole<std::uint64_t>();
        layer.saturated = cells.whole<std::uint64_t>();
        if (!(layer.firing_rate >= 0.0 && layer.firing_rate <= 1.0) || layer.dead > layer.neurons ||
            layer.saturated > layer.neurons - layer.dead) {
            cells.refuse(std::to_string(layer.firing_rate) + ", " + std::to_string(layer.neurons) +
                             ", " + std::to_string(layer.dead) + ", " +
                             std::to_string(layer.saturated),
                         "a rate of 0 to 1 and at most as many dead and saturated as neurons");
        }
    }
    if (!cells.over()) {
        throw InputError(where + ": more cells than the header has");
    }
    return point;
}

}  // namespace

std::uint64_t TrainingPoint::neurons() const {
    return summed(activity, &LayerActivity::neurons);
}

std::uint64_t TrainingPoint::dead() const {
    return summed(activity, &LayerActivity::dead);
}

std::uint64_t TrainingPoint::saturated() const {
    return summed(activity, &LayerActivity::saturated);
}

double TrainingPoint::firing_rate() const {
    double spikes = 0.0;
    for (const LayerActivity& layer : activity) {
        spikes += layer.firing_rate * static_cast<double>(layer.neurons);
    }
    return spikes / static_cast<double>(neurons());
}

std::string training_curve_csv(const TrainingCurve& curve) {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out.precision(9);
    out << kCurveColumns;
    if (!curve.empty()) {
        for (const LayerActivity& layer : curve.front().activity) {
            out << activity_columns(layer.layer, layer.site);
        }
    }
    out << '\n';
    const auto number = [&](double value) {
        out << ',';
        if (!std::isnan(value)) {
            out << value;
        }
    };
    const auto same_layer = [](const LayerActivity& a, const LayerActivity& b) {
        return a.layer == b.layer && a.site == b.site;
    };
    for (const TrainingPoint& point : curve) {
        const std::vector<LayerActivity>& first = curve.front().activity;
        if (!std::equal(first.begin(), first.end(), point.activity.begin(), point.activity.end(),
                        same_layer)) {
            throw std::logic_error("the points of a learning curve have different layers");
        }
        out << point.step << ',' << point.tokens;
        for (const double value :
             {point.seconds, point.learning_rate, point.gradient_norm, point.train_bits_per_token,
              point.train_bits_per_byte, point.valid_bits_per_token, point.valid_bits_per_byte,
              point.firing_rate()}) {
            number(value);
        }
        out << ',' << point.neurons() << ',' << point.dead() << ',' << point.saturated();
        for (const LayerActivity& layer : point.activity) {
            number(layer.firing_rate);
            out << ',' << layer.neurons << ',' << layer.dead << ',' << layer.saturated;
        }
        out << '\n';
    }
    return out.str();
}

TrainingCurve parse_training_curve(std::string_view text, const std::string& origin) {
    TrainingCurve curve;
    std::vector<LayerActivity> layers;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::string where = origin + ":" + std::to_string(++number);
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            throw InputError(where + ": the last line does not end; the file is cut short");
        }
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (number == 1) {
            layers = parse_header(line, where);
        } else {
            curve.push_back(parse_point(line, where, layers));
        }
    }
    if (number == 0) {
        throw InputError(origin + ": the file is empty; a learning curve was expected");
    }
    return curve;
}

}  // namespace spikeloom::analysis
