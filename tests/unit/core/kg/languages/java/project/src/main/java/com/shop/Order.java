package com.shop;

import static com.shop.pay.Tax.rate;

import com.shop.pay.Payment;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** What somebody buys. */
public class Order<T extends Item> extends Base implements Payable, Comparable<Order<T>>, Serializable {
    private final List<T> items = new ArrayList<>();
    private Payment payment, refund;
    static int count;

    public Order(Payment payment) {
        super(payment);
        this.payment = payment;
        count(1);
    }

    // Both of them are called `add`.
    public Order<T> add(T item) {
        items.add(item);
        return add(item, 1);
    }

    public Order<T> add(T item, int times) {
        for (T each : items) {
            each.price();
        }
        check();
        return this;
    }

    @Override
    public long total() {
        var sum = new Sum(0);
        items.forEach(item -> sum.plus(item.price()));
        return sum.value() + rate() + super.total() + Math.round(1.5);
    }

    @Override
    public int compareTo(Order<T> other) {
        return Long.compare(total(), other.total());
    }

    void pay() {
        payment.send(this.total());
        com.shop.pay.Tax.rate();
        new Thread(new Runnable() {
            public void run() {
                refund.send(count);
            }
        }).start();
        Line.of(this).print();
        onlyThere();
    }

    private static void count(int count) {
        Order.count += count;
    }

    /** A class inside of a class. */
    static class Sum {
        private long value;

        Sum(long value) {
            this.value = value;
        }

        void plus(long more) {
            value += more;
            count(0);
        }

        long value() {
            return value;
        }
    }

    record Line(Order<?> order, int number) {
        static Line of(Order<?> order) {
            return new Line(order, 1);
        }

        void print() {
            System.out.println(order.total());
        }
    }

    enum State implements Payable { OPEN, PAID }
}

interface Payable extends Shape, AutoCloseable {
    int LIMIT = 10;

    long total();

    default boolean isFree() {
        return total() == 0;
    }
}
