// What the subcommands share: each is one function in one file, listed in main.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>

namespace spikeloom::apps {

namespace options = boost::program_options;

/// A subcommand gets the words behind its name and returns the exit code; it throws InputError
/// (exit 2) and CheckFailed (exit 1).
using Command = int (*)(const std::vector<std::string>& arguments);

/// Parses a subcommand's options, `--help` and `--json` among them. Returns false where `--help`
/// was asked for and has been printed. An unknown option or a value of the wrong form is an
/// InputError that names it. `about` is the help text's first paragraph.
bool parse(const std::string& name, const std::string& about,
           options::options_description& described, const std::vector<std::string>& arguments,
           options::variables_map& values);

/// Adds `--json FILE`, common to all subcommands that have a result.
void add_json_option(options::options_description& described);

/// Writes the result as one JSON object where `--json` asked for it: to the file, whole or not at
/// all, or to standard output for `-`.
void write_json(const options::variables_map& values, const nlohmann::ordered_json& result);

/// Whether standard output belongs to the JSON object alone (`--json -`).
bool json_on_stdout(const options::variables_map& values);

/// The value of an option that must be given; InputError naming it otherwise.
template <class T>
T required(const options::variables_map& values, const std::string& name);

/// The value of a whole-number option of `command` that is there; InputError where it is below 1.
std::uint64_t count_option(const options::variables_map& values, const std::string& command,
                           const std::string& name);

/// A command line as a shell would take it again, for records of how a file was made.
std::string command_line(const std::string& command, const std::vector<std::string>& arguments);

int run_check_golden(const std::vector<std::string>& arguments);
int run_classify(const std::vector<std::string>& arguments);
int run_demo(const std::vector<std::string>& arguments);
int run_eval(const std::vector<std::string>& arguments);
int run_figures(const std::vector<std::string>& arguments);
int run_generate(const std::vector<std::string>& arguments);
int run_import(const std::vector<std::string>& arguments);
int run_info(const std::vector<std::string>& arguments);
int run_map(const std::vector<std::string>& arguments);
int run_noc(const std::vector<std::string>& arguments);
int run_quantize(const std::vector<std::string>& arguments);
int run_report(const std::vector<std::string>& arguments);
int run_simulate(const std::vector<std::string>& arguments);
int run_snn(const std::vector<std::string>& arguments);
int run_tokenize(const std::vector<std::string>& arguments);
int run_train(const std::vector<std::string>& arguments);
int run_validate(const std::vector<std::string>& arguments);

}  // namespace spikeloom::apps
