// A file that goes with the test.
#pragma once

#include "base/files.hpp"

#include <filesystem>
#include <string>
#include <unistd.h>

namespace spikeloom::noc {

struct Scratch {
    std::filesystem::path path;

    explicit Scratch(const std::string& name, const std::string& text = {})
        : path(std::filesystem::temp_directory_path() /
               ("spikeloom-noc-" + std::to_string(getpid()) + "-" + name)) {
        if (!text.empty()) {
            write_file(path, text);
        }
    }
    ~Scratch() { std::filesystem::remove_all(path); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

}  // namespace spikeloom::noc
