// Recorded packets: text of rows `id ctime src dst` or `id ctime src dst retire_cycle`, after any
// number of blanks; a line that begins with # is a comment.
#pragma once

#include "noc/config.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace spikeloom::noc {

struct TraceRow {
    std::uint64_t id = 0;
    Cycle created = 0;
    NodeId source = 0;
    NodeId destination = 0;
    Cycle retired = kNever;  // when the tail was ejected; kNever where that is not recorded
};

/// The rows in the order of the file. Strict: numbers are plain decimals, an id stands once, nodes
/// lie in the network, all rows have the same columns, a packet does not retire before it is
/// created. Otherwise InputError `origin:line: what was found; what is allowed`.
std::vector<TraceRow> parse_trace(const std::string& text, const std::string& origin,
                                  const NetworkConfig& network);
std::vector<TraceRow> read_trace(const std::filesystem::path& path, const NetworkConfig& network);

/// The places of the rows in the order of their creation, of the file where that is the same.
std::vector<std::size_t> creation_order(const std::vector<TraceRow>& rows);

/// Rows of five columns under a comment that names them; rows that have not retired are left out.
std::string trace_text(const std::vector<TraceRow>& rows);

}  // namespace spikeloom::noc
