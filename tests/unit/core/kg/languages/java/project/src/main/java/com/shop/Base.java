package com.shop;

abstract class Base {
    Base(com.shop.pay.Payment payment) {}

    protected void check() {}

    public long total() {
        return 0;
    }
}
