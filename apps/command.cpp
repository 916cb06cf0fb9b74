#include "apps/command.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

#include <iostream>

namespace spikeloom::apps {

void add_json_option(options::options_description& described) {
    described.add_options()("json", options::value<std::string>()->value_name("FILE"),
                            "write the result as one JSON object (- for standard output)");
}

bool parse(const std::string& name, const std::string& about,
           options::options_description& described, const std::vector<std::string>& arguments,
           options::variables_map& values) {
    described.add_options()("help", "say what the options are");
    try {
        // No guessing of abbreviations, no positional words: a script's typing slip must not pass.
        namespace style = options::command_line_style;
        const int chosen = style::unix_style & ~style::allow_guessing;
        options::store(options::command_line_parser(arguments)
                           .options(described)
                           .positional(options::positional_options_description())
                           .style(chosen)
                           .run(),
                       values);
        options::notify(values);
    } catch (const options::error& error) {
        throw InputError(name + ": " + error.what() + "; spikeloom " + name +
                         " --help lists the options");
    }
    if (values.count("help") != 0) {
        std::cout << "usage: spikeloom " << name << " [OPTIONS]\n\n"
                  << about << "\n\n"
                  << described;
        return false;
    }
    return true;
}

void write_json(const options::variables_map& values, const nlohmann::ordered_json& result) {
    if (values.count("json") == 0) {
        return;
    }
    const auto path = values["json"].as<std::string>();
    const std::string text =
        result.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    if (path == "-") {
        std::cout << text << std::flush;
    } else {
        write_file(path, text);
    }
}

bool json_on_stdout(const options::variables_map& values) {
    return values.count("json") != 0 && values["json"].as<std::string>() == "-";
}

template <class T>
T required(const options::variables_map& values, const std::string& name) {
    if (values.count(name) == 0) {
        throw InputError("the option --" + name + " is missing");
    }
    return values[name].as<T>();
}

std::uint64_t count_option(const options::variables_map& values, const std::string& command,
                           const std::string& name) {
    const auto count = values[name].as<std::int64_t>();
    if (count < 1) {
        throw InputError(command + ": --" + name + " " + std::to_string(count) +
                         "; a whole number of at least 1 is needed");
    }
    return static_cast<std::uint64_t>(count);
}

std::string command_line(const std::string& command, const std::vector<std::string>& arguments) {
    std::string line = "spikeloom " + command;
    for (const std::string& argument : arguments) {
        const bool plain =
            !argument.empty() && argument.find_first_not_of(
                                     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_-./,:=+@%") == std::string::npos;
        std::string quoted = "'";
        for (const char c : argument) {
            quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
        }
        line += " " + (plain ? argument : quoted + "'");
    }
    return line;
}

template std::string required<std::string>(const options::variables_map&, const std::string&);
template int required<int>(const options::variables_map&, const std::string&);

}  // namespace spikeloom::apps
