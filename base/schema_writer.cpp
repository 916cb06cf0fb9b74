#include "base/schema.hpp"

#include <charconv>

#include <yaml-cpp/yaml.h>

namespace spikeloom::schema {

namespace {

class Writer final : public Walk {
  public:
    Writer() { out_ << YAML::BeginMap; }

    std::string text() {
        out_ << YAML::EndMap;
        return std::string(out_.c_str()) + "\n";
    }

    void fail(std::string_view, const std::string&) override {}

  protected:
    void visit_integer(std::string_view key, std::int64_t& value, Integers,
                       std::string_view) override {
        emit_key(key);
        out_ << value;
    }
    void visit_number(std::string_view key, double& value, Numbers, std::string_view) override {
        // The shortest text that reads back as the same double.
        char text[32];
        const auto end = std::to_chars(text, text + sizeof text, value).ptr;
        emit_key(key);
        out_ << std::string(text, end);
    }
    void visit_flag(std::string_view key, bool& value, std::string_view) override {
        emit_key(key);
        out_ << (value ? "true" : "false");
    }
    void visit_text(std::string_view key, std::string& value, std::string_view) override {
        emit_key(key);
        out_ << YAML::DoubleQuoted << value;
    }
    void visit_choice(std::string_view key, std::size_t& index,
                      const std::vector<std::string_view>& names, std::string_view) override {
        emit_key(key);
        out_ << std::string(names[index]);
    }
    void visit_integers(std::string_view key, std::vector<std::int64_t>& values, Integers,
                        std::string_view) override {
        emit_key(key);
        out_ << YAML::Flow << values;
    }
    void visit_section(std::string_view key, std::string_view,
                       const std::function<void()>& body) override {
        emit_key(key);
        out_ << YAML::BeginMap;
        body();
        out_ << YAML::EndMap;
    }
    void visit_list(std::string_view key, std::string_view,
                    const std::function<std::size_t()>& size,
                    const std::function<void(std::size_t)>&,
                    const std::function<void(std::size_t)>& element) override {
        emit_key(key);
        out_ << YAML::BeginSeq;
        for (std::size_t i = 0; i < size(); ++i) {
            out_ << YAML::BeginMap;
            element(i);
            out_ << YAML::EndMap;
        }
        out_ << YAML::EndSeq;
    }
    void visit_table(std::string_view key, std::string_view, const std::vector<std::string>& names,
                     const std::function<void(const std::string&)>& element) override {
        emit_key(key);
        out_ << YAML::BeginMap;
        for (const std::string& name : names) {
            out_ << YAML::Key << name << YAML::Value << YAML::BeginMap;
            element(name);
            out_ << YAML::EndMap;
        }
        out_ << YAML::EndMap;
    }

  private:
    void emit_key(std::string_view key) {
        take_required();
        out_ << YAML::Key << std::string(key) << YAML::Value;
    }

    YAML::Emitter out_;
};

}  // namespace

std::string write_text(const std::function<void(Walk&)>& walk_keys) {
    Writer writer;
    walk_keys(writer);
    return writer.text();
}

}  // namespace spikeloom::schema
