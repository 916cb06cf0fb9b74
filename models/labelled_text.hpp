// Labelled texts in tab-separated files, the form in which understanding tasks are published.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace spikeloom::models {

struct LabelledText {
    std::string label;
    std::string text;
};

/// Which columns of a file hold label and text: a name of its header or a number from 1. Empty: the
/// names `label` and `text` (or `sentence`) where the first line has both, otherwise the first
/// column is the label and the second the text, and the first line is an example like any other.
struct LabelledColumns {
    std::string label;
    std::string text;
};

/// The rows of a file, blank lines left out. Fields are separated by tabs and never quoted; a
/// carriage return at a line's end is dropped. Throws InputError naming file and line where a row
/// is too short or its label is empty, and where there are no rows.
std::vector<LabelledText> read_labelled_text(const std::filesystem::path& path,
                                             const LabelledColumns& columns = {});

/// The different labels, in the order of their numbers where all are whole numbers, otherwise in
/// the order of their bytes.
std::vector<std::string> distinct_labels(const std::vector<LabelledText>& examples);

}  // namespace spikeloom::models
