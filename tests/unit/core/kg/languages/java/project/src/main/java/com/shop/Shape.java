package com.shop;

import com.shop.pay.*;

interface Shape {
    default void onlyThere(Gift gift) {
        Payment.make().send(0);
    }
}
