#pragma once
struct item { int price; };
static inline void item_check(struct item *item) { (void)item; }
