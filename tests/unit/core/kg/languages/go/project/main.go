// Command shop sells things.
package main

import (
	"fmt"
	log "log/slog"
	. "strings"

	"example.com/shop/store"
)

const limit = 3

var (
	first  = store.New("first")
	second *store.Store
)

// Celsius is a named number.
type Celsius float64

type (
	// Cart is what somebody buys.
	Cart struct {
		Basket
		*store.Store
		fmt.Stringer
		owner Owner
	}
	Owner = Person
)

type Basket struct{ items []Item }

type Priced interface {
	fmt.Stringer
	Price(quantity int) (total int, err error)
}

// Total stands before its type's other methods.
func (c *Cart) Total(items ...Item) int {
	sum := 0
	for _, item := range items {
		sum += item.Price()
	}
	c.check(limit)
	c.owner.Greet()
	c.Store.Get("a")
	c.add(nil)
	return sum
}

func (b Basket) add(item *Item) { item.Price() }

func (c Celsius) Show() string { return fmt.Sprint(c) }

func (p *Pair[K, V]) Swap() *Pair[K, V] { return swap[K, V](p) }

type Pair[K comparable, V any] struct {
	key   K
	value V
}

func swap[K comparable, V any](p *Pair[K, V]) *Pair[K, V] { return p }

func main() {
	s := store.New("main")
	s.Get("key")
	run := func() { helper() }
	run()
	log.Info("started", len("x"))
	defer s.Close()
	go func() { helper() }()
	Contains("a", "b")
	Celsius(3).Show()
	(&Cart{}).Total()
	cart := &Cart{}
	cart.Total()
	cart.vanish()
}
