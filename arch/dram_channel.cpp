#include "arch/dram_channel.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace spikeloom::arch {

namespace {

std::uint32_t or_else(std::uint32_t value, std::uint32_t fallback) {
    return value != 0 ? value : fallback;
}

void not_before(DramClock& time, DramClock least) {
    time = std::max(time, least);
}

}  // namespace

DramChannel::DramChannel(const DramConfig& config)
    : config_(config),
      banks_per_group_(config.banks / config.bank_groups),
      banks_(config.banks),
      groups_(config.bank_groups) {
    config_.rcd_write = or_else(config.rcd_write, config.rcd);
    config_.rrd_l = or_else(config.rrd_l, config.rrd);
    config_.ccd_l = or_else(config.ccd_l, config.ccd);
    config_.wtr_l = or_else(config.wtr_l, config.wtr);
}

std::uint32_t DramChannel::length(Command command) const {
    switch (command) {
        case Command::activate:
            return config_.activate_cycles;
        case Command::read:
        case Command::write:
            return config_.access_cycles;
        case Command::precharge:
        case Command::precharge_all:
            return config_.precharge_cycles;
        case Command::refresh_all:
        case Command::refresh_bank:
            break;
    }
    return config_.refresh_cycles;
}

DramClock DramChannel::earliest_edge(Command command, std::uint32_t index) const {
    const Bank& bank = banks_[index];
    const Group& group = groups_[index / banks_per_group_];
    switch (command) {
        case Command::activate:
            return bank.open ? kNoClock
                             : std::max({bank.activate, group.activate, any_.activate,
                                         after_activates_[next_activate_]});
        case Command::read:
            return bank.open ? std::max({bank.read, group.read, any_.read}) : kNoClock;
        case Command::write:
            return bank.open ? std::max({bank.write, group.write, any_.write}) : kNoClock;
        case Command::precharge:
            return bank.open ? std::max(bank.precharge, any_precharge_) : kNoClock;
        case Command::refresh_bank:
            return bank.open ? kNoClock : std::max({bank.activate, any_.activate, any_refresh_});
        case Command::precharge_all:
        case Command::refresh_all:
            break;
    }
    const bool precharge = command == Command::precharge_all;
    if (any_open() != precharge) {
        return kNoClock;
    }
    DramClock edge = precharge ? any_precharge_ : any_refresh_;
    for (const Bank& each : banks_) {
        edge = std::max(edge, each.open ? each.precharge : precharge ? 0 : each.activate);
    }
    return edge;
}

DramClock DramChannel::earliest(Command command, std::uint32_t bank) const {
    const DramClock edge = asleep_ ? kNoClock : earliest_edge(command, bank);
    if (edge == kNoClock) {
        return kNoClock;
    }
    const DramClock start = edge + 1;  // of the cycle after the command, if it had no length
    return std::max(bus_free_, start > length(command) ? start - length(command) : 0);
}

DramClock DramChannel::issue(Command command, std::uint32_t index, std::uint32_t row,
                             DramClock start, bool close_behind) {
    if (const DramClock first = earliest(command, index); start < first) {
        throw std::logic_error("DRAM channel: command " +
                               std::to_string(static_cast<int>(command)) + " of bank " +
                               std::to_string(index) + " in cycle " + std::to_string(start) +
                               ", which is too early: " + std::to_string(first));
    }
    bus_free_ = start + length(command);
    const DramClock edge = bus_free_ - 1;
    spend(edge);
    Bank& bank = banks_[index];
    Group& group = groups_[index / banks_per_group_];
    DramClock end = bus_free_;
    switch (command) {
        case Command::activate:
            activate(bank, group, row, edge);
            break;
        case Command::read:
            end = read(bank, group, edge);
            break;
        case Command::write:
            end = write(bank, group, edge);
            break;
        case Command::precharge:
            close(bank, edge, config_.rp);
            any_precharge_ = edge + config_.ppd;
            break;
        case Command::precharge_all:
            for (Bank& each : banks_) {
                if (each.open) {
                    close(each, edge, config_.rp_all);
                } else {
                    not_before(each.activate, edge + config_.rp_all);
                }
            }
            any_precharge_ = edge + config_.ppd;
            break;
        case Command::refresh_all:
            end = edge + config_.rfc;
            for (Bank& each : banks_) {
                each.activate = end;
            }
            not_before(any_refresh_, end);
            not_before(refreshing_, end);
            ++counts_.refreshes;
            break;
        case Command::refresh_bank:
            end = edge + config_.rfc_bank;
            bank.activate = end;
            not_before(any_.activate, edge + config_.rrefd);
            not_before(any_refresh_, end);
            not_before(refreshing_, end);
            ++counts_.bank_refreshes;
            break;
    }
    if (close_behind) {
        close(bank, bank.precharge, config_.rp);
    }
    not_before(quiet_, std::max(end, bank.closed));
    return end;
}

void DramChannel::activate(Bank& bank, Group& group, std::uint32_t row, DramClock edge) {
    bank.open = true;
    ++open_banks_;
    bank.row = row;
    bank.read = edge + config_.rcd;
    bank.write = edge + config_.rcd_write;
    bank.precharge = edge + config_.ras;
    not_before(any_.activate, edge + config_.rrd);
    not_before(group.activate, edge + config_.rrd_l);
    after_activates_[next_activate_] = edge + config_.faw;
    next_activate_ = (next_activate_ + 1) % after_activates_.size();
    ++counts_.activates;
}

DramClock DramChannel::read(Bank& bank, Group& group, DramClock edge) {
    const DramClock end = edge + config_.rl + config_.dqsck + config_.burst_cycles();
    not_before(any_.read, edge + config_.ccd);
    not_before(group.read, edge + config_.ccd_l);
    const DramClock bus_turned = end + config_.turnaround;
    not_before(any_.write, bus_turned > config_.wl ? bus_turned - config_.wl : 0);
    not_before(bank.precharge, edge + config_.rtp);
    ++counts_.read_bursts;
    return end;
}

DramClock DramChannel::write(Bank& bank, Group& group, DramClock edge) {
    const DramClock end = edge + config_.wl + config_.dqss + config_.burst_cycles();
    not_before(any_.write, edge + config_.ccd);
    not_before(group.write, edge + config_.ccd_l);
    not_before(any_.read, end + config_.wtr);
    not_before(group.read, end + config_.wtr_l);
    not_before(bank.precharge, end + config_.wr);
    ++counts_.write_bursts;
    return end;
}

void DramChannel::close(Bank& bank, DramClock edge, std::uint32_t recovery) {
    bank.open = false;
    --open_banks_;
    bank.closed = edge;
    bank.activate = edge + recovery;
    ++counts_.precharges;
}

void DramChannel::sleep(DramClock at, bool self_refresh) {
    if (asleep_ || at < quiet_ || (self_refresh && any_open())) {
        throw std::logic_error("DRAM channel: cannot sleep in cycle " + std::to_string(at));
    }
    spend(at);
    asleep_ = true;
    self_refresh_ = self_refresh;
    asleep_since_ = at;
}

void DramChannel::wake(DramClock at) {
    const DramClock high = std::max(at, asleep_since_ + config_.cke);
    spend(high);
    not_before(bus_free_, high + (self_refresh_ ? config_.xs : config_.xp));
    asleep_ = false;
}

/// Books the states since the last time; to be called before the state changes.
void DramChannel::spend(DramClock until) {
    add_states(counted_, until, counts_);
    not_before(counted_, until);
}

void DramChannel::add_states(DramClock from, DramClock until, DramCounts& into) const {
    if (until <= from) {
        return;
    }
    const auto add = [&](DramState state, DramClock cycles) {
        into.cycles[static_cast<std::size_t>(state)] += cycles;
    };
    if (asleep_) {
        add(self_refresh_ ? DramState::self_refresh
            : any_open()  ? DramState::active_power_down
                          : DramState::precharged_power_down,
            until - from);
        return;
    }
    DramClock active_until = any_open() ? until : refreshing_;
    for (const Bank& bank : banks_) {
        not_before(active_until, bank.closed);  // an auto-precharge may lie ahead
    }
    active_until = std::clamp(active_until, from, until);
    add(DramState::active, active_until - from);
    add(DramState::precharged, until - active_until);
}

DramCounts DramChannel::counts(DramClock now) const {
    DramCounts result = counts_;
    add_states(counted_, now, result);
    return result;
}

}  // namespace spikeloom::arch
