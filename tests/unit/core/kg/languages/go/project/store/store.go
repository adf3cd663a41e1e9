package store

// Store keeps things.
type Store struct{ name string }

func New(name string) *Store { return &Store{name: name} }

func (s *Store) Get(key string) string { return s.name + key }

func (s *Store) Close() error { return nil }
