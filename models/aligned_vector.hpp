// Memory for vector units: a std::vector whose data starts on a cache line.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace spikeloom::models {

constexpr std::size_t kCacheLine = 64;

template <class T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template <class U>
    AlignedAllocator(const AlignedAllocator<U>&) {}

    T* allocate(std::size_t n) {
        return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(kCacheLine)));
    }
    void deallocate(T* data, std::size_t) { ::operator delete(data, std::align_val_t(kCacheLine)); }

    friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace spikeloom::models
