// The real program, run as a shell would, in a folder of its own.
#pragma once

#include "base/files.hpp"
#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace spikeloom::tests {

using nlohmann::json;

struct Outcome {
    int exit_code = -1;
    std::string out;
    std::string error;
};

/// A folder of its own for every test.
class Scratch {
  public:
    Scratch() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "spikeloom-cli-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        folder_ = pattern;
    }
    ~Scratch() { std::filesystem::remove_all(folder_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    std::string file(const std::string& name, const std::string& text) const {
        write_file(folder_ / name, text);
        return path(name);
    }

    Outcome run(const std::string& words) const {
        Outcome outcome;
        const std::string command =
            std::string(SPIKELOOM_BINARY) + " " + words + " 2>" + path("stderr");
        FILE* pipe = ::popen(command.c_str(), "r");
        REQUIRE(pipe != nullptr);
        std::array<char, 4096> buffer{};
        for (std::size_t read = 0;
             (read = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
            outcome.out.append(buffer.data(), read);
        }
        const int status = ::pclose(pipe);
        outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        outcome.error = read_file(path("stderr"));
        return outcome;
    }

    /// Runs what must succeed and gives its JSON.
    json json_of(const std::string& words) const {
        const Outcome outcome = run(words + " --json -");
        INFO(words << "\n" << outcome.error);
        REQUIRE(outcome.exit_code == 0);
        return json::parse(outcome.out);
    }

    /// Runs what must be refused: exit code 2, nothing on standard output, one line that says why.
    std::string refusal(const std::string& words) const {
        const Outcome outcome = run(words);
        INFO(words << "\n" << outcome.error);
        CHECK(outcome.exit_code == 2);
        CHECK(outcome.out.empty());
        CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
        return outcome.error;
    }

  private:
    std::filesystem::path folder_;
};

/// Enough English for a tiny model to learn something from.
inline std::string tiny_text() {
    const char* const words[] = {"the ", "state ",  "of ",  "union ",
                                 "is ",  "strong ", "and ", "we "};
    Random random(5);
    std::string text;
    while (text.size() < 6000) {
        text += words[random.below(8)];
    }
    return text;
}

inline constexpr const char* kTinyTraining =
    "model: {layers: 2, channels: 16, context: 32}\n"
    "training: {batch: 4, steps: 12, warmup_steps: 2, learning_rate: 0.01}\n";

/// A trained and quantised model and a chip for it.
struct TinyModel : Scratch {
    TinyModel() {
        file("text.txt", tiny_text());
        file("train.yaml", kTinyTraining);
        json_of("train --config " + path("train.yaml") + " --text " + path("text.txt") + " --out " +
                path("m.safetensors"));
        json_of("quantize --model " + path("m.safetensors") + " --text " + path("text.txt") +
                " --max-tokens 200 --out " + path("q.safetensors"));
    }
};

inline const std::string kChip =
    std::string(SPIKELOOM_SOURCE_DIR) + "/configs/chips/spikeloom-20.yaml";

}  // namespace spikeloom::tests
