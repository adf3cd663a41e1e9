#pragma once

namespace shop::detail {
struct Counted {
    void count() {}
};
}

namespace shop {
class Money {
public:
    Money(long cents) : cents_(cents) {}
    Money twice() const { return *this + *this; }
    Money operator+(const Money &other) const { return Money(cents_ + other.cents_); }
    explicit operator bool() const { return cents_ != 0; }

private:
    long cents_;
};

template <class T, class... Rest>
T sum(T first, Rest... rest) { return first + sum(rest...); }
}
