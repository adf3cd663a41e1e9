#pragma once
#include <string>
#include <vector>
#include "money.hpp"

namespace shop {

template <typename T>
class Priced {
public:
    virtual ~Priced() = default;
    virtual T price() const = 0;
    bool is_free() const { return price() == T(); }
};

/// What somebody buys.
class Order final : public Priced<Money>, private detail::Counted {
public:
    explicit Order(std::string name) : name_(std::move(name)) { count(); }
    Money price() const override;
    Order &add(const Money &money, int times = 1);
    static Order *make(const char *name) { return new Order(name); }

    struct Line {
        Money money;
        Money total() const { return money.twice(); }
    };

private:
    std::vector<Line> lines_;
    std::string name_;
    Money tax_{0};
};

inline void log(const Order &order) { order.is_free(); }

}  // namespace shop
