#include "base/files.hpp"
#include "noc/trace.hpp"

#include <algorithm>

namespace spikeloom::noc {

namespace {

template <class T>
void append_little_endian(std::string& bytes, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        bytes += static_cast<char>(value >> (8 * i) & 0xff);
    }
}

}  // namespace

std::string trace_text(const std::vector<TraceRow>& rows) {
    const auto any = [&](const auto& uses) { return std::any_of(rows.begin(), rows.end(), uses); };
    const bool flits = any([](const TraceRow& row) { return row.flits != 0; });
    const bool classes = any([](const TraceRow& row) {
        return row.message_class != TraceRow::kAnyClass && row.message_class != 0;
    });
    const bool after = any([](const TraceRow& row) { return !row.after.empty(); });
    std::string text = "# id ctime src dst retire_cycle";
    text += flits ? " flits" : "";
    text += classes ? " class" : "";
    text += after ? " wait after\n" : "\n";
    for (const TraceRow& row : rows) {
        if (row.retired == kNever) {
            continue;
        }
        text += std::to_string(row.id) + ' ' + std::to_string(row.created) + ' ' +
                std::to_string(row.source) + ' ' + std::to_string(row.destination);
        for (const NodeId node : row.others) {
            text += ',' + std::to_string(node);
        }
        text += ' ' + std::to_string(row.retired);
        text += flits ? ' ' + std::to_string(std::max<int>(row.flits, 1)) : "";
        text += classes ? ' ' + std::to_string(row.message_class) : "";
        if (after) {
            text += ' ' + std::to_string(row.wait) + (row.after.empty() ? " -" : " ");
            for (std::size_t i = 0; i < row.after.size(); ++i) {
                text += (i == 0 ? "" : ",") + std::to_string(row.after[i]);
            }
        }
        text += '\n';
    }
    return text;
}

std::string trace_bytes(const std::vector<TraceRow>& rows) {
    std::string bytes(kTraceMagic);
    append_little_endian<std::uint64_t>(bytes, rows.size());
    for (const TraceRow& row : rows) {
        append_little_endian<std::uint64_t>(bytes, row.id);
        append_little_endian<std::uint64_t>(bytes, row.created);
        append_little_endian<std::uint64_t>(bytes, row.retired);
        append_little_endian<std::uint32_t>(bytes, row.source);
        append_little_endian<std::uint16_t>(bytes,
                                            row.flits == 0 ? std::uint16_t{0xffff} : row.flits);
        append_little_endian<std::uint16_t>(bytes, row.message_class);
        append_little_endian<std::uint32_t>(bytes, row.wait);
        append_little_endian<std::uint32_t>(bytes,
                                            static_cast<std::uint32_t>(1 + row.others.size()));
        append_little_endian<std::uint32_t>(bytes, static_cast<std::uint32_t>(row.after.size()));
        append_little_endian<std::uint32_t>(bytes, row.destination);
        for (const NodeId node : row.others) {
            append_little_endian<std::uint32_t>(bytes, node);
        }
        for (const std::uint64_t id : row.after) {
            append_little_endian<std::uint64_t>(bytes, id);
        }
    }
    return bytes;
}

void write_trace(const std::filesystem::path& path, const std::vector<TraceRow>& rows) {
    write_file(path, path.extension() == ".bin" ? trace_bytes(rows) : trace_text(rows));
}

}  // namespace spikeloom::noc
