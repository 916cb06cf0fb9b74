// Recorded packets: a text of rows, or the same rows in binary.
//
// Text: columns of whole numbers after any number of blanks, a packet a row. Without more said they
// are `id ctime src dst` or `id ctime src dst retire_cycle`; a comment that begins `# id ctime src
// dst` names the columns of the rows behind it, in any order and number:
//   id, ctime, src, dst   as in every trace; dst may be a list 3,5,9: one packet for several nodes
//   retire_cycle          when the tail was ejected in the run that was recorded; - where unknown
//   flits, class          length and message class; without them those of the run
//   wait, after           the packet is created `wait` cycles after the last of the packets `after`
//   (a
//                         list of ids, or -) is retired, and not before ctime
// Other lines that begin with # are comments.
//
// Binary, little-endian: the 8 bytes "SLTRACE1", a 64-bit count of rows; for each row 64-bit id,
// ctime, retire_cycle (all ones: unknown), 32-bit src, 16-bit flits and class (all ones: the
// run's), 32-bit wait, number of destinations, number of `after`; then the 32-bit destinations,
// then the 64-bit ids.
#pragma once

#include "noc/config.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::noc {

/// How a binary trace begins.
inline constexpr std::string_view kTraceMagic = "SLTRACE1";

struct TraceRow {
    std::uint64_t id = 0;
    Cycle created = 0;
    NodeId source = 0;
    NodeId destination = 0;   // the first
    Cycle retired = kNever;   // when the tail was ejected; kNever where that is not recorded
    std::uint16_t flits = 0;  // 0: the run's
    std::uint16_t message_class = kAnyClass;
    std::uint32_t wait = 0;        // cycles from the end of the last of `after` to its creation
    std::vector<NodeId> others{};  // further destinations
    std::vector<std::uint64_t> after{};  // packets that must be retired before it is created

    static constexpr std::uint16_t kAnyClass = 0xffff;
};

/// The rows in the order of the file. Strict: numbers are plain decimals, an id stands once, nodes
/// lie in the network of `nodes`, all rows have the same columns, a packet does not retire before
/// it is created and waits for packets of the file without a circle. Otherwise InputError
/// `origin:line: what was found; what is allowed`, in binary with the row's number.
std::vector<TraceRow> parse_trace(const std::string& text, const std::string& origin,
                                  std::uint32_t nodes);
std::vector<TraceRow> parse_binary_trace(const std::string& bytes, const std::string& origin,
                                         std::uint32_t nodes);
/// Text or binary, by its first bytes.
std::vector<TraceRow> read_trace(const std::filesystem::path& path, std::uint32_t nodes);

/// The places of the rows in the order of their creation, of the file where that is the same.
std::vector<std::size_t> creation_order(const std::vector<TraceRow>& rows);

/// Rows of five columns, and of the others that some row uses, under a comment that names them;
/// rows that have not retired are left out.
std::string trace_text(const std::vector<TraceRow>& rows);
std::string trace_bytes(const std::vector<TraceRow>& rows);
/// Binary where the name ends in .bin, else text.
void write_trace(const std::filesystem::path& path, const std::vector<TraceRow>& rows);

}  // namespace spikeloom::noc
