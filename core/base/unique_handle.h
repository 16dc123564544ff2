// Owns what a system gives as a number and takes back by a call: `none` is what stands for nothing.
#pragma once

#include <utility>

namespace scram {

template <auto close, auto none>
class UniqueHandle {
  public:
    using Handle = decltype(none);

    UniqueHandle() = default;
    explicit UniqueHandle(Handle handle) : handle_(handle) {}
    UniqueHandle(UniqueHandle&& other) noexcept : handle_(other.take()) {}
    UniqueHandle& operator=(UniqueHandle&& other) noexcept {
        reset(other.take());
        return *this;
    }
    ~UniqueHandle() { reset(); }

    Handle get() const { return handle_; }
    explicit operator bool() const { return handle_ != none; }
    // The caller's from here on.
    [[nodiscard]] Handle take() { return std::exchange(handle_, none); }
    void reset(Handle next = none) {
        if (handle_ != none) close(handle_);
        handle_ = next;
    }

  private:
    Handle handle_ = none;
};

}  // namespace scram
