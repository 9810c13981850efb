// SPDX-License-Identifier: BSL-1.0
//
// A callable of any type in a fixed place, without the heap: a callback that waits for an outcome.
// It resembles `inplace_function` and std::move_only_function.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace raft::detail {

template <class Signature, std::size_t Capacity>
class callback;

/// Holds one callable of at most `Capacity` bytes; movable, not copyable.
template <class... Arguments, std::size_t Capacity>
class callback<void(Arguments...), Capacity> {
public:
    callback() = default;

    template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, callback> &&
             std::is_invocable_v<F&, Arguments...>) explicit callback(F function) {
        emplace(std::move(function));
    }

    /// Holds this callable from now on.
    template <class F>
    void emplace(F function) {
        static_assert(sizeof(F) <= Capacity,
                      "raft: the callable is larger than limits.callback_bytes: let it hold a "
                      "pointer to what it needs, or raise the limit");
        static_assert(
            alignof(F) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<F>,
            "raft: the callable must be movable without exceptions: what it captures must not "
            "be const, since a constant is copied");
        reset();
        table_ = &table_of<F>;
        ::new (static_cast<void*>(place_)) F(std::move(function));
    }

    callback(callback&& other) noexcept : table_{other.table_} { take(other); }
    callback& operator=(callback&& other) noexcept {
        if (this == &other) return *this;
        reset();
        table_ = other.table_;
        take(other);
        return *this;
    }
    callback(const callback&) = delete;
    callback& operator=(const callback&) = delete;
    ~callback() { reset(); }

    /// Holds no callable from now on.
    void reset() {
        if (table_ != nullptr && table_->destroy != nullptr) table_->destroy(place_);
        table_ = nullptr;
    }

    void operator()(Arguments... arguments) { table_->call(place_, arguments...); }

private:
    /// How to call, move and destroy a callable. Most are trivially copyable: their bytes are
    /// copied, without a call to move or destroy them.
    struct table {
        void (*call)(void*, Arguments...);
        void (*move)(void* to, void* from) = nullptr;
        void (*destroy)(void*) = nullptr;
    };

    template <class F>
    static void call(void* place, Arguments... arguments) {
        (*static_cast<F*>(place))(arguments...);
    }

    template <class F>
    static constexpr table make_table() {
        if constexpr (std::is_trivially_copyable_v<F>)
            return {.call = &call<F>};
        else
            return {.call = &call<F>,
                    .move =
                        [](void* to, void* from) {
                            ::new (to) F(std::move(*static_cast<F*>(from)));
                            static_cast<F*>(from)->~F();
                        },
                    .destroy = [](void* place) { static_cast<F*>(place)->~F(); }};
    }

    template <class F>
    static constexpr table table_of = make_table<F>();

    void take(callback& other) {
        if (table_ == nullptr) return;
        if (table_->move == nullptr)
            std::memcpy(place_, other.place_, Capacity);
        else
            table_->move(place_, other.place_);
        other.table_ = nullptr;
    }

    alignas(std::max_align_t) std::byte place_[Capacity];
    const table* table_ = nullptr;
};

}  // namespace raft::detail
