// Whether the channels of a network can wait for one another in a circle.
//
// A channel is a link with one part of its virtual channels. It depends on another where a packet
// that came in by the one may ask for the other next. Without a circle of dependencies no deadlock
// is possible (Dally and Seitz, "Deadlock-free message routing in multiprocessor interconnection
// networks", IEEE Trans. Computers C-36(5), 1987). Where packets may choose freely but have an
// escape channel, only those count, and one depends on every other that a packet may ask for behind
// it, by whatever way (Duato 1993).
#pragma once

#include "noc/routes.hpp"

#include <string>
#include <vector>

namespace spikeloom::noc {

/// A link, by its output port, and a part of its virtual channels.
struct Channel {
    PortId port;
    bool second;
    friend bool operator==(const Channel&, const Channel&) = default;
};

/// The channels of a circle, each depending on the next and the last on the first; empty where
/// there is none. The circle is as short as one found by depth first search happens to be.
std::vector<Channel> find_circle(const Routes& routes);

/// "router 0 to router 1, router 1 to router 2, ..."
std::string describe(const std::vector<Channel>& circle, const Routes& routes);

/// InputError that names a circle, where there is one.
void refuse_circles(const Routes& routes);

}  // namespace spikeloom::noc
