#ifndef LIST_H
#define LIST_H
#include "../include/shop/item.h"

struct node;
int list_add(void *list, struct item *item, int at);

static inline int square(int x) { return x * x; }

#endif
