#include "analysis/gnuplot.hpp"

#include "analysis/html.hpp"
#include "base/error.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace spikeloom::analysis {

namespace {

struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

/// A file without a name, gone when it is closed.
File temporary_file() {
    File file(std::tmpfile());
    if (!file) {
        throw InputError(std::string("no temporary file for gnuplot: ") + std::strerror(errno));
    }
    return file;
}

std::string contents(std::FILE* file) {
    std::string text;
    std::array<char, 65536> buffer{};
    std::rewind(file);
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file)) {
        text.append(buffer.data(), n);
    }
    return text;
}

/// gnuplot's standard output for a script on its standard input. No shell is involved, and `-d`
/// keeps the user's start-up files out.
std::string run_gnuplot(const std::string& script) {
    const File input = temporary_file();
    const File output = temporary_file();
    const File errors = temporary_file();
    std::fwrite(script.data(), 1, script.size(), input.get());
    std::rewind(input.get());

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(input.get()), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(output.get()), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(errors.get()), STDERR_FILENO);
    std::string name = "gnuplot";
    std::string defaults = "-d";
    std::array<char*, 3> arguments = {name.data(), defaults.data(), nullptr};
    pid_t process = 0;
    const int spawned =
        posix_spawnp(&process, name.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (spawned != 0) {
        throw InputError("gnuplot cannot be started (" + std::string(std::strerror(spawned)) +
                         "); reports need it: install the Debian package gnuplot-nox");
    }
    int status = 0;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        std::string message = contents(errors.get());
        for (char& c : message) {
            c = c == '\n' ? ' ' : c;
        }
        throw InputError("gnuplot refused a plot: " + message.substr(0, 300));
    }
    return contents(output.get());
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

/// Removes every part from `first` to the end of the next `last`.
void remove_parts(std::string& text, std::string_view first, std::string_view last) {
    for (std::size_t at = text.find(first); at != std::string::npos; at = text.find(first, at)) {
        const std::size_t end = text.find(last, at + first.size());
        if (end == std::string::npos) {
            return;
        }
        text.erase(at, end + last.size() - at);
    }
}

/// Removes groups that draw nothing, of which gnuplot writes many.
void remove_empty_groups(std::string& text) {
    std::string kept;
    std::istringstream lines(text);
    std::string held;  // an opening tag that nothing has followed yet
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) {
            continue;
        }
        if (!held.empty() && line == "</g>") {
            held.clear();
            continue;
        }
        kept += held.empty() ? "" : held + "\n";
        held.clear();
        if (line.rfind("<g ", 0) == 0 && line.back() == '>' &&
            line.find("</g>") == std::string::npos) {
            held = line;
        } else {
            kept += line + "\n";
        }
    }
    text = kept + (held.empty() ? "" : held + "\n");
}

}  // namespace

std::string gnuplot_text(std::string_view text) {
    std::string literal = "'";
    for (const char c : text) {
        const bool kept = static_cast<unsigned char>(c) >= 0x20 && c != '\x7f' && c != '\'' &&
                          c != '"' && c != '`' && c != '\\';
        literal += kept ? c : ' ';
    }
    return literal + "'";
}

std::string gnuplot_svg(const std::string& script, const PlotSize& size, const std::string& about) {
    const std::string viewport = std::to_string(size.width) + "," + std::to_string(size.height);
    std::string svg = run_gnuplot("set encoding utf8\nset terminal svg size " + viewport +
                                  " dynamic noenhanced font 'inherit,13'\n" + script + "\n");
    // The prologue carries namespaces, a title and definitions that an element inside a page does
    // not need; what is drawn begins behind the definitions.
    const std::size_t drawn = svg.find("</defs>");
    const std::size_t end = svg.rfind("</svg>");
    if (drawn == std::string::npos || end == std::string::npos) {
        throw InputError("gnuplot wrote no SVG");
    }
    svg = svg.substr(drawn + 7, end - drawn - 7);
    remove_parts(svg, "<title>", "</title>");
    remove_parts(svg, " id=\"", "\"");
    remove_parts(svg, " class=\"", "\"");
    // The filled circle is the one symbol in use: it is drawn in place instead of referred to.
    replace_all(svg, "<use xlink:href='#gpPt6'", "<circle r='1' fill='currentColor' stroke='none'");
    replace_all(svg, " color=\"black\"", "");
    replace_all(svg, "\"black\"", "\"currentColor\"");
    replace_all(svg, "'black'", "'currentColor'");
    remove_empty_groups(svg);
    // The canvas group that is opened before the definitions is closed within what is kept.
    return "<svg class=\"plot\" role=\"img\" aria-label=\"" + escape(about) + "\" viewBox=\"0 0 " +
           std::to_string(size.width) + " " + std::to_string(size.height) + "\">\n<g>" + svg +
           "</svg>\n";
}

}  // namespace spikeloom::analysis
