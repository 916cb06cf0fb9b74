// A fixed set of worker threads that share out numbered chunks of work.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>

namespace spikeloom {

/// Runs `body(chunk)` for every chunk in [0, chunks), on the calling thread and the workers. Which
/// thread runs a chunk is not fixed, so a result is the same bits for every thread count exactly
/// when the chunks write disjoint memory and their number does not depend on the threads. That is
/// the rule by which every parallel loop of spikeloom is written.
class Workers {
  public:
    /// `threads` in all, the caller among them; 0 means one for each processor.
    explicit Workers(int threads = 0);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    int threads() const;

    /// Returns when all chunks are done. An exception of a chunk is rethrown here.
    void run(std::size_t chunks, const std::function<void(std::size_t)>& body);

    /// Runs `body(task, first, last)` for runs of at most `most` of what each task has,
    /// [0, extent(task)); all tasks at once.
    template <class Tasks, class Extent, class Body>
    void run_parts(const Tasks& tasks, const Extent& extent, std::size_t most, const Body& body) {
        const auto chunks = [&](const auto& task) { return (extent(task) + most - 1) / most; };
        std::size_t all = 0;
        for (const auto& task : tasks) {
            all += chunks(task);
        }
        const auto part = [&](std::size_t chunk) {
            auto task = tasks.begin();
            for (; chunk >= chunks(*task); ++task) {
                chunk -= chunks(*task);
            }
            body(*task, chunk * most, std::min(extent(*task), (chunk + 1) * most));
        };
        run(all, std::cref(part));
    }

  private:
    struct Pool;
    std::unique_ptr<Pool> pool_;
};

}  // namespace spikeloom
