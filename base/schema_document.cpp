#include "base/schema.hpp"

#include <sstream>

namespace spikeloom::schema {

namespace {

class Documenter final : public Walk {
  public:
    std::string text() const { return rows_.str(); }

    void fail(std::string_view, const std::string&) override {}

  protected:
    void visit_integer(std::string_view key, std::int64_t& value, Integers allowed,
                       std::string_view about) override {
        const bool open = allowed.most >= std::numeric_limits<std::int32_t>::max();
        row(key,
            "integer, " + std::to_string(allowed.least) + (open ? " or more" : " to ") +
                (open ? "" : std::to_string(allowed.most)),
            std::to_string(value), about);
    }
    void visit_number(std::string_view key, double& value, Numbers allowed,
                      std::string_view about) override {
        const bool open = allowed.most == std::numeric_limits<double>::max();
        row(key,
            "number, " + shown(allowed.least) + (open ? " or more" : " to " + shown(allowed.most)),
            shown(value), about);
    }
    void visit_flag(std::string_view key, bool& value, std::string_view about) override {
        row(key, "true or false", value ? "true" : "false", about);
    }
    void visit_text(std::string_view key, std::string& value, std::string_view about) override {
        row(key, "text", value.empty() ? "empty" : value, about);
    }
    void visit_choice(std::string_view key, std::size_t& index,
                      const std::vector<std::string_view>& names, std::string_view about) override {
        std::string allowed;
        for (const std::string_view name : names) {
            allowed += (allowed.empty() ? "" : ", ") + std::string(name);
        }
        row(key, allowed, std::string(names[index]), about);
    }
    void visit_integers(std::string_view key, std::vector<std::int64_t>& values, Integers,
                        std::string_view about) override {
        std::string shown_values;
        for (const std::int64_t value : values) {
            shown_values += (shown_values.empty() ? "" : ", ") + std::to_string(value);
        }
        row(key, "list of integers", "[" + shown_values + "]", about);
    }
    void visit_section(std::string_view key, std::string_view about,
                       const std::function<void()>& body) override {
        row(key, "mapping", "", about);
        nested(std::string(key) + ".", body);
    }
    void visit_list(std::string_view key, std::string_view about,
                    const std::function<std::size_t()>& size,
                    const std::function<void(std::size_t)>&,
                    const std::function<void(std::size_t)>& element) override {
        row(key, "list of mappings", "", about);
        nested(std::string(key) + "[].", [&] { element(size()); });
    }
    void visit_table(std::string_view key, std::string_view about, const std::vector<std::string>&,
                     const std::function<void(const std::string&)>& element) override {
        row(key, "mapping by name", "", about);
        nested(std::string(key) + ".NAME.", [&] { element("NAME"); });
    }

  private:
    static std::string shown(double value) {
        std::ostringstream out;
        out << value;
        return out.str();
    }

    void row(std::string_view key, const std::string& allowed, const std::string& standard,
             std::string_view about) {
        const bool required = take_required();
        rows_ << "| `" << prefix_ << key << "` | " << allowed << " | "
              << (required ? "required" : standard) << " | " << about << " |\n";
    }

    void nested(const std::string& step, const std::function<void()>& body) {
        const std::string outer = prefix_;
        prefix_ += step;
        body();
        prefix_ = outer;
    }

    std::string prefix_;
    std::ostringstream rows_;
};

}  // namespace

std::string document_rows(const std::function<void(Walk&)>& walk_keys) {
    Documenter documenter;
    walk_keys(documenter);
    return "| key | allowed | default | meaning |\n|---|---|---|---|\n" + documenter.text();
}

}  // namespace spikeloom::schema
