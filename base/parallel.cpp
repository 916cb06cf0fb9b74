#include "base/parallel.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace spikeloom {

namespace {

/// Looks at a condition for some microseconds, the time between two short loops, before a thread
/// goes to sleep: waking it takes about as long.
template <class Condition>
bool soon(const Condition& condition) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::microseconds kPatience{30};
    const Clock::time_point end = Clock::now() + kPatience;
    do {
        if (condition()) {
            return true;
        }
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    } while (Clock::now() < end);
    return false;
}

}  // namespace

struct Workers::Pool {
    std::mutex mutex;
    std::condition_variable work_came;
    std::condition_variable work_done;
    const std::function<void(std::size_t)>* body = nullptr;
    std::size_t chunks = 0;
    std::atomic<std::size_t> next_chunk{0};
    std::atomic<std::size_t> round{0};
    std::atomic<std::size_t> busy{0};
    std::atomic<bool> stopping{false};
    std::exception_ptr failure;
    std::vector<std::thread> threads;

    void take_chunks() {
        for (;;) {
            const std::size_t chunk = next_chunk.fetch_add(1);
            if (chunk >= chunks) {
                return;
            }
            try {
                (*body)(chunk);
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!failure) {
                    failure = std::current_exception();
                }
            }
        }
    }

    void serve() {
        std::size_t seen = 0;
        for (;;) {
            const auto called = [&] { return stopping || round != seen; };
            if (!soon(called)) {
                std::unique_lock lock(mutex);
                work_came.wait(lock, called);
            }
            if (stopping) {
                return;
            }
            seen = round;
            take_chunks();
            if (--busy == 0) {
                // The lock keeps this from falling between the caller's look and its sleep.
                const std::lock_guard lock(mutex);
                work_done.notify_one();
            }
        }
    }
};

Workers::Workers(int threads) : pool_(std::make_unique<Pool>()) {
    if (threads <= 0) {
        threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    }
    for (int i = 1; i < threads; ++i) {
        pool_->threads.emplace_back([pool = pool_.get()] { pool->serve(); });
    }
}

Workers::~Workers() {
    {
        const std::lock_guard lock(pool_->mutex);
        pool_->stopping = true;
    }
    pool_->work_came.notify_all();
    for (std::thread& thread : pool_->threads) {
        thread.join();
    }
}

int Workers::threads() const {
    return static_cast<int>(pool_->threads.size()) + 1;
}

void Workers::run(std::size_t chunks, const std::function<void(std::size_t)>& body) {
    if (pool_->threads.empty() || chunks <= 1) {
        for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
            body(chunk);
        }
        return;
    }
    {
        const std::lock_guard lock(pool_->mutex);
        pool_->body = &body;
        pool_->chunks = chunks;
        pool_->next_chunk = 0;
        pool_->busy = pool_->threads.size();
        pool_->failure = nullptr;
        ++pool_->round;
    }
    pool_->work_came.notify_all();
    pool_->take_chunks();
    const auto done = [&] { return pool_->busy == 0; };
    if (!soon(done)) {
        std::unique_lock lock(pool_->mutex);
        pool_->work_done.wait(lock, done);
    }
    if (pool_->failure) {
        std::rethrow_exception(pool_->failure);
    }
}

}  // namespace spikeloom
