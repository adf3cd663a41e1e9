package main

type Item struct{ price int }

func (i *Item) Price() int { return i.price }

type Person struct{}

func (p Person) Greet() { helper() }

// check is a method of a type in another file.
func (c *Cart) check(most int) { c.Total(); helper() }

func helper() {}
