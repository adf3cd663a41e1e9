package com.shop.pay;

public class Payment {
    public static Payment make() {
        return new Payment();
    }

    public void send(long amount) {}
}
