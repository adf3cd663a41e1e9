#include "list.h"
#include <stdlib.h>
#include <shop/item.h>

#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define LIMIT 8

typedef int (*compare_fn)(const void *, const void *);
typedef unsigned int count_t;

/* A node of a list. */
struct node {
    struct item *item;
    struct node *next;
    int (*visit)(struct node *, void *);
};

typedef struct {
    struct node *head;
    count_t length;
} list_t;

enum order { UP, DOWN };
union word { int whole; char parts[4]; };

static list_t lists[LIMIT], *current;

// Makes room
// for one node.
static struct node *make(struct item *item)
{
    struct node *made = malloc(sizeof *made);
    made->item = item;
    return made;
}

int list_add(list_t *list, struct item *item, int at)
{
    struct node *added = make(item);
    compare_fn compare = by_price;
    if (compare(item, list->head->item) > 0)
        added->visit(added, NULL);
    item_check(item);
    return MAX(list->length, LIMIT) + square(2);
}

#ifdef FAST
static int total(void) { return 1; }
#else
static int total(void) { return list_add(current, 0, 0); }
#endif

char **names(const char *const *given, int n[], ...)
{
    return elsewhere(given), n[0] ? 0 : names(given, n);
}

int old_style(a, b)
    int a, b;
{
    return total();
}
