#include "order.h"

#include <algorithm>

using namespace shop;
using detail = shop::detail::Counted;
using shop::log;

#define CHECK(x) do { if (!(x)) fail(#x); } while (0)

namespace {
int calls = 0;

void fail(const char *what) { std::printf("%s", what); }
}

Money Order::price() const {
    Money total{0};
    auto one = Money(1);
    for (const Line &line : lines_) {
        total = sum<Money>(total, line.total(), tax_.twice());
    }
    std::sort(lines_.begin(), lines_.end(), [this](const Line &a, const Line &b) { return less(a, b); });
    this->is_free();
    CHECK(calls);
    return total;
}

shop::Order &shop::Order::add(const Money &money, int times) {
    count();
    log(*this);
    money.twice().twice();
    Order::make("again")->add(money);
    return *this;
}

namespace shop {
bool less(const Order::Line &a, const Order::Line &b) { return a.total() < b.total(); }

template <>
Money sum<Money>(Money first) { return first; }
}

int main(int argc, char **argv) {
    Order order("first");
    auto *made = new shop::Order(argv[0]);
    made->add(Money(2));
    shop::log(order);
    order.price();
    unknown::call(argc);
    return 0;
}
