#include "arch/chip.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "tests/workloads/chips.hpp"
#include "tests/workloads/tiny_model.hpp"
#include "workloads/compiler.hpp"
#include "workloads/program_file.hpp"

#include <filesystem>
#include <string>
#include <tuple>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace spikeloom::workloads {
namespace {

/// A Program file in a folder of its own, and what can be done to it by hand.
class Files {
  public:
    explicit Files(const models::QuantisedModel& quantised = tests::TinyModel(2, 12, 11)(),
                   const arch::ChipConfig& of = tests::chip_of(4, 4))
        : chip(of),
          program(compile(quantised, chip, {}).program),
          folder_(std::filesystem::temp_directory_path() /
                  ("spikeloom_program_" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_);
        save_program(program, path(), "first line\nsecond line");
        text = read_file(path());
    }
    ~Files() { std::filesystem::remove_all(folder_); }

    std::filesystem::path path() const { return folder_ / "p.yaml"; }

    /// Replaces the first `from` behind the first `after`.
    Files& edit(const std::string& after, const std::string& from, const std::string& to) {
        const std::size_t start = text.find(after);
        REQUIRE(start != std::string::npos);
        const std::size_t at = text.find(from, start);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), to);
        line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
        write_file(path(), text);
        return *this;
    }

    std::string error() const {
        try {
            check_on_chip(load_program(path()), chip);
        } catch (const InputError& error) {
            return error.what();
        }
        return "accepted";
    }

    const arch::ChipConfig chip;
    const arch::Program program;
    std::string text;
    std::ptrdiff_t line = 0;  // of the last edit

  private:
    std::filesystem::path folder_;
};

auto fields(const arch::AxonBlock& b) {
    return std::tie(b.kind, b.first_axon, b.axons, b.accumulator, b.row_length, b.weight_bits,
                    b.address, b.row_stride, b.index_bits, b.synapses, b.memory_tile,
                    b.direct_weight, b.value_bits);
}
auto fields(const arch::Instruction& i) {
    return std::tie(i.op, i.length, i.to.register_index, i.to.first, i.a.register_index, i.a.first,
                    i.b.register_index, i.b.first, i.c.register_index, i.c.first, i.shift, i.bits,
                    i.immediate, i.lif.inverse_tau, i.lif.threshold, i.lif.reset);
}

void check_same(const arch::Program& a, const arch::Program& b) {
    CHECK(a.name == b.name);
    CHECK(a.host.tile == b.host.tile);
    CHECK(a.host.token_stage == b.host.token_stage);
    CHECK(a.host.result_length == b.host.result_length);
    CHECK(a.host.producers == b.host.producers);
    REQUIRE(a.stages.size() == b.stages.size());
    for (std::size_t s = 0; s < a.stages.size(); ++s) {
        const arch::Stage& x = a.stages[s];
        const arch::Stage& y = b.stages[s];
        CHECK(x.name == y.name);
        CHECK(x.tile == y.tile);
        CHECK(x.producers == y.producers);
        REQUIRE(x.axons.size() == y.axons.size());
        for (std::size_t i = 0; i < x.axons.size(); ++i) {
            CHECK(fields(x.axons[i]) == fields(y.axons[i]));
        }
        REQUIRE(x.registers.size() == y.registers.size());
        for (std::size_t i = 0; i < x.registers.size(); ++i) {
            CHECK(x.registers[i].name == y.registers[i].name);
            CHECK(x.registers[i].kind == y.registers[i].kind);
            CHECK(x.registers[i].length == y.registers[i].length);
            CHECK(x.registers[i].initial == y.registers[i].initial);
        }
        REQUIRE(x.program.size() == y.program.size());
        for (std::size_t i = 0; i < x.program.size(); ++i) {
            CHECK(fields(x.program[i]) == fields(y.program[i]));
        }
        REQUIRE(x.outputs.size() == y.outputs.size());
        for (std::size_t i = 0; i < x.outputs.size(); ++i) {
            const arch::Output& p = x.outputs[i];
            const arch::Output& q = y.outputs[i];
            CHECK(std::tie(p.name, p.source.register_index, p.source.first, p.length, p.encoding,
                           p.value_bits) == std::tie(q.name, q.source.register_index,
                                                     q.source.first, q.length, q.encoding,
                                                     q.value_bits));
            REQUIRE(p.destinations.size() == q.destinations.size());
            for (std::size_t d = 0; d < p.destinations.size(); ++d) {
                CHECK(p.destinations[d].stage == q.destinations[d].stage);
                CHECK(p.destinations[d].axon == q.destinations[d].axon);
            }
        }
    }
    for (const auto images : {&arch::Program::synapse_images, &arch::Program::memory_images}) {
        REQUIRE((a.*images).size() == (b.*images).size());
        for (std::size_t i = 0; i < (a.*images).size(); ++i) {
            CHECK((a.*images)[i].tile == (b.*images)[i].tile);
            CHECK((a.*images)[i].address == (b.*images)[i].address);
            CHECK((a.*images)[i].bytes == (b.*images)[i].bytes);
        }
    }
}

TEST_CASE("a Program that was saved and loaded is the same, value for value") {
    Files files;
    const ProgramFile loaded = load_program(files.path());
    check_same(files.program, loaded.program);
    CHECK_NOTHROW(check_on_chip(loaded, tests::chip_of(4, 4)));
    CHECK(files.text.rfind("# first line\n# second line\n", 0) == 0);
    REQUIRE(loaded.places.size() == loaded.program.stages.size());
    CHECK_THAT(loaded.places[1], Catch::Contains("p.yaml:") && Catch::Contains("stages[1]"));
}

TEST_CASE("an edited Program is accepted where it still makes sense") {
    Files files;
    files.edit("name: \"head.0\"", "waits_for: \"final_norm\"", "waits_for: \"\"");
    CHECK(files.error() == "accepted");
    CHECK(load_program(files.path()).program.stages.back().producers ==
          files.program.stages.back().producers);
}

TEST_CASE("a wrong edit is refused with its line") {
    using Catch::Contains;
    Files files;
    const auto at_line = [&] { return "p.yaml:" + std::to_string(files.line) + ":"; };
    SECTION("a tile that is no core") {
        files.edit("name: \"embed\"", "tile: ", "tile: 15 # ");
        CHECK_THAT(files.error(), Contains("stages[0]") && Contains("tile 15") &&
                                      Contains("no spiking core") && Contains("p.yaml:"));
    }
    SECTION("an axon that does not exist") {
        files.edit("name: \"embed.x\"", "axon: 0", "axon: 9");
        CHECK_THAT(files.error(),
                   Contains("stages[0]") && Contains("axons 9 to 21 of stage 'layer0.att_norm'"));
    }
    SECTION("a stage that does not exist") {
        files.edit("name: \"embed.x\"", "to: \"layer0.att_norm\"", "to: \"layer9.att_norm\"");
        CHECK_THAT(files.error(), Contains(at_line()) && Contains("'layer9.att_norm'"));
    }
    SECTION("producers that contradict the destinations") {
        files.edit("name: \"layer0.att_norm\"", "waits_for: \"embed\"", "waits_for: \"head.0\"");
        CHECK_THAT(files.error(), Contains("waits_for: found 'head.0'") &&
                                      Contains("by the destinations it is 'embed'"));
    }
    SECTION("an instruction with a register it has not") {
        files.edit("name: \"embed\"", "shift_left(sum", "shift_left(total");
        CHECK_THAT(files.error(), Contains(at_line()) && Contains("'total' is no register"));
    }
    SECTION("a source that is longer than its register") {
        files.edit("name: \"embed.x\"", "source: \"h\"", "source: \"h[4:13]\"");
        CHECK_THAT(files.error(),
                   Contains("source: 'h[4:13]'") && Contains("a whole number from 4 to 12"));
    }
    SECTION("two stages of one name") {
        files.edit("name: \"layer0.att_norm\"", "layer0.att_norm", "embed");
        CHECK_THAT(files.error(), Contains("found 'embed'") && Contains("once in a Program"));
    }
    SECTION("a mistyped key") {
        files.edit("name: \"embed\"", "row_stride", "row_strid");
        CHECK_THAT(files.error(), Contains("row_strid"));
    }
    SECTION("a key that this kind of axons has not") {
        files.edit("kind: direct", "direct_weight: 1", "direct_weight: 1\n        address: 0");
        CHECK_THAT(files.error(), Contains("unknown key") && Contains("address"));
    }
    SECTION("initial values that are none") {
        files.edit("name: \"h_previous\"", "initial: \"zero\"", "initial: \"fill x\"");
        CHECK_THAT(files.error(), Contains(at_line().substr(0, 7)) && Contains("'fill x'"));
    }
    SECTION("a constant whose length is not the tensor's") {
        files.edit("name: \"gain\"", "length: 12", "length: 13");
        CHECK_THAT(files.error(), Contains("embed/gain"));
    }
    SECTION("an image that is not there") {
        files.edit("memory_images", "tensor: \"dram", "tensor: \"dran");
        CHECK_THAT(files.error(), Contains("dran"));
    }
    SECTION("an image that covers another core's memory") {
        files.edit("memory_images", "tile: 15", "tile: 14");
        CHECK_THAT(files.error(), Contains("no memory tile"));
    }
}

/// A model one of whose matrices has a fifth of its weights left, on a chip with sparse rows.
struct SparseFiles : Files {
    SparseFiles() : Files(model(), sparse_chip()) {}
    static arch::ChipConfig sparse_chip() {
        arch::ChipConfig chip = tests::chip_of(4, 4);
        chip.core.sparse_index_bits = 2;
        return chip;
    }
    static models::QuantisedModel model() {
        models::QuantisedModel model = tests::TinyModel(1, 12, 11).take();
        for (std::size_t i = 0; i < model.layers[0].time_mix.key.weights.size(); ++i) {
            model.layers[0].time_mix.key.weights[i] *= static_cast<std::int16_t>(i % 5 == 0);
        }
        return model;
    }
};

TEST_CASE("sparse rows are saved, loaded, and checked when they were edited") {
    using Catch::Contains;
    SparseFiles files;
    const auto found = [&](const std::string& what) { return files.text.find(what); };
    REQUIRE(found("index_bits: 2") != std::string::npos);
    REQUIRE(found("synapses: [") != std::string::npos);
    SECTION("as they were") {
        const ProgramFile loaded = load_program(files.path());
        check_same(files.program, loaded.program);
        CHECK(files.error() == "accepted");
    }
    SECTION("indices of another width than the chip's") {
        files.edit("stages", "index_bits: 2", "index_bits: 3");
        CHECK_THAT(files.error(), Contains("index_bits is 3; the core's sparse_index_bits is 2") &&
                                      Contains("p.yaml:"));
    }
    SECTION("a row more than there are axons") {
        files.edit("index_bits: 2", "synapses: [", "synapses: [0, ");
        CHECK_THAT(files.error(), Contains("synapses of 13 rows; there are 12"));
    }
    SECTION("dense rows lie at a stride") {
        files.edit("stages", "index_bits: 2", "index_bits: 0");
        CHECK_THAT(files.error(), Contains("row_stride: this key is missing"));
    }
    SECTION("rows that reach further than the block says") {
        const std::size_t at = files.text.rfind("row_length: ", found("index_bits: 2")) + 12;
        const std::size_t digits = files.text.find('\n', at) - at;
        files.text.replace(at, digits, "1");
        write_file(files.path(), files.text);
        CHECK_THAT(files.error(), Contains("p.yaml:") && Contains("its row_length is 1"));
    }
}

TEST_CASE("a Program's name must end in .yaml, and its memory file must be there") {
    Files files;
    CHECK_THROWS_WITH(save_program(files.program, "p.json", ""), Catch::Contains("ends in .yaml"));
    std::filesystem::remove(tensors_path(files.path()));
    CHECK_THAT(files.error(), Catch::Contains("p.safetensors"));
}

TEST_CASE("what cannot be written is refused") {
    Files files;
    arch::Program broken = files.program;
    SECTION("a name that would not read back") {
        broken.stages[1].name = "att norm";
    }
    SECTION("a name twice") {
        broken.stages[1].name = broken.stages[0].name;
    }
    SECTION("an operand without a register") {
        broken.stages[1].program[0].a.register_index = 99;
    }
    CHECK_THROWS_AS(save_program(broken, files.path(), ""), InputError);
    CHECK(read_file(files.path()) == files.text);
}

TEST_CASE("damaged files are refused or give a Program that the chip checks, never anything else") {
    const bool sparse = GENERATE(false, true);
    Files files(sparse ? SparseFiles::model() : tests::TinyModel(2, 12, 11)(),
                sparse ? SparseFiles::sparse_chip() : tests::chip_of(4, 4));
    const std::string memory = read_file(tensors_path(files.path()));
    Random random(11);
    int accepted = 0;
    for (int i = 0; i < 200; ++i) {
        const bool in_text = random.below(4) != 0;
        std::string damaged = in_text ? files.text : memory;
        for (std::uint64_t hits = 1 + random.below(3); hits > 0; --hits) {
            const std::size_t at = random.below(damaged.size());
            switch (random.below(4)) {
                case 0:
                    damaged[at] = static_cast<char>(random.below(256));
                    break;
                case 1:
                    damaged.erase(at, 1 + random.below(40));
                    break;
                case 2:
                    damaged.insert(at, damaged.substr(random.below(damaged.size()), 20));
                    break;
                default:
                    damaged[at] = static_cast<char>('0' + random.below(10));
            }
        }
        write_file(files.path(), in_text ? damaged : files.text);
        write_file(tensors_path(files.path()), in_text ? memory : damaged);
        accepted += files.error() == "accepted" ? 1 : 0;
    }
    CHECK(accepted > 0);  // a comment or a constant was hit, too
    CHECK(accepted < 100);
}

}  // namespace
}  // namespace spikeloom::workloads
