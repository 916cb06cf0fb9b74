// result.json: a Run, and the figures that follow from it, as one JSON object.
#include "analysis/run_fields.hpp"
#include "analysis/run_files.hpp"
#include "base/schema.hpp"

namespace spikeloom::analysis {

namespace {

Json components_json(const EnergyBreakdown& energy) {
    Json json = Json::object();
    for (std::size_t i = 0; i < kComponents; ++i) {
        json[std::string(name_of(static_cast<Component>(i)))] = energy.components[i];
    }
    return json;
}

double per_token(const EnergyBreakdown& energy, const Phase& phase) {
    return phase.tokens == 0 ? 0.0 : energy.joules / static_cast<double>(phase.tokens);
}

/// Every phase priced with every table the run carries.
Json priced_json(const Run& run) {
    Json priced = Json::array();
    for (const EnergyTable& table : run.energy_tables) {
        for (const Phase& phase : run.phases) {
            const EnergyBreakdown energy =
                price(phase.counts, table, phase.seconds, run.chip.units);
            Json entry;
            entry["table"] = table.name;
            entry["phase"] = phase.name;
            entry["energy_j"] = energy.joules;
            entry["energy_per_token_j"] = per_token(energy, phase);
            entry["energy"] = components_json(energy);
            entry["unpriced_events"] = energy.unpriced;
            entry["without_static_power"] = energy.without_static_power;
            priced.push_back(std::move(entry));
        }
    }
    return priced;
}

/// The figures that scripts read without knowing about phases and tables: those of the main phase,
/// priced with the first table.
template <class Archive>
void headline(Archive& archive, const Run& run) {
    if constexpr (Archive::kReading) {
        for (const char* key :
             {"phase", "tokens", "cycles", "seconds_simulated", "tokens_per_second_simulated",
              "energy_table", "energy_per_token_j", "energy", "unpriced_events", "events",
              "bit_exact", "mismatches", "priced"}) {
            archive.derived(key, {});
        }
    } else {
        const Phase& phase = run.main_phase();
        archive.derived("phase", phase.name);
        archive.derived("tokens", phase.tokens);
        archive.derived("cycles", phase.cycles);
        archive.derived("seconds_simulated", phase.seconds);
        archive.derived("tokens_per_second_simulated", phase.tokens_per_second());
        if (run.energy_tables.empty()) {
            for (const char* key :
                 {"energy_table", "energy_per_token_j", "energy", "unpriced_events"}) {
                archive.derived(key, nullptr);
            }
        } else {
            const EnergyBreakdown energy =
                price(phase.counts, run.energy_tables.front(), phase.seconds, run.chip.units);
            archive.derived("energy_table", energy.table);
            archive.derived("energy_per_token_j", per_token(energy, phase));
            archive.derived("energy", components_json(energy));
            archive.derived("unpriced_events", energy.unpriced);
        }
        archive.derived("events", total(phase.counts));
        archive.derived("bit_exact", run.verification.bit_exact());
        archive.derived("mismatches", run.verification.mismatches);
        archive.derived("priced", priced_json(run));
    }
}

bool holds_only_scalars(const Json& json) {
    for (const auto& element : json) {
        if (element.is_structured()) {
            return false;
        }
    }
    return true;
}

std::string plain(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Indented, but what holds only plain values stays on one line.
void append_pretty(const Json& json, const std::string& indent, std::string& text) {
    constexpr std::size_t kLongestObject = 120;
    const std::string flat = plain(json);
    if (!json.is_structured() || json.empty() ||
        (holds_only_scalars(json) && (json.is_array() || flat.size() <= kLongestObject))) {
        text += flat;
        return;
    }
    const std::string deeper = indent + "  ";
    text += json.is_array() ? "[" : "{";
    const char* separator = "\n";
    for (const auto& entry : json.items()) {
        text += separator + deeper;
        if (json.is_object()) {
            text += plain(entry.key()) + ": ";
        }
        append_pretty(entry.value(), deeper, text);
        separator = ",\n";
    }
    text += "\n" + indent + (json.is_array() ? "]" : "}");
}

}  // namespace

template <class Archive>
void fields(Archive& archive, Run& run) {
    archive("label", run.label);
    archive("kind", run.kind);
    archive("version", run.version);
    archive("seed", run.seed);
    archive("commands", run.commands);
    headline(archive, run);
    archive("firing_rates", run.firing_rates);
    archive("wall_seconds", run.wall_seconds);
    archive("verification", run.verification);
    archive("bits_per_byte", run.bits_per_byte);
    archive("prompt", run.prompt);
    archive("generated", run.generated);
    archive("chip", run.chip);
    archive("model", run.model);
    archive("phases", run.phases);
    archive("rasters", run.rasters);
    archive("membranes", run.membranes);
    archive("power", run.power);
    archive("learning_curve", run.learning_curve);
    std::vector<std::string> tables;
    for (const EnergyTable& table : run.energy_tables) {
        tables.push_back(schema::write(table));
    }
    archive("energy_tables", tables);
    if constexpr (Archive::kReading) {
        for (std::size_t i = 0; i < tables.size(); ++i) {
            run.energy_tables.push_back(schema::read_string<EnergyTable>(
                tables[i], "energy_tables[" + std::to_string(i) + "] of result.json"));
        }
    }
}

std::string result_json(const Run& run) {
    Run copy = run;
    std::string text;
    append_pretty(JsonWriter::to_json(copy), "", text);
    return text + "\n";
}

ParsedResult parse_result(const std::string& text, const std::string& origin) {
    Json json;
    try {
        json = Json::parse(text);
    } catch (const Json::exception& error) {
        throw InputError(origin + ": no valid JSON: " + error.what());
    }
    ParsedResult result;
    JsonReader reader(json, origin, "");
    fields(reader, result.run);
    reader.finish();
    for (Phase& phase : result.run.phases) {
        result.totals.push_back(std::move(phase.counts[kTotals]));
        phase.counts.clear();
    }
    return result;
}

}  // namespace spikeloom::analysis
