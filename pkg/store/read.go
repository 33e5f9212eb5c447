package store

import (
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"tocsin/pkg/replica"
)

// Get implements replica.Store.
func (s *Store) Get(key []byte) (value []byte, err error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave("read", &err)
	defer faultsPanic()()
	if len(key) == 0 || len(key) > maxKey {
		return nil, replica.ErrNotFound
	}
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	item, err := txn.Get(key)
	if err != nil {
		return nil, explain("read", err)
	}
	value, err = item.ValueCopy([]byte{})
	if err != nil {
		return nil, explain("read", err)
	}
	if value == nil {
		value = []byte{}
	}
	return value, nil
}

// Scan implements replica.Store. A panic of fn passes through.
func (s *Store) Scan(prefix []byte, keysOnly bool, fn func(key, value []byte) error) (err error) {
	if err := s.enter(); err != nil {
		return err
	}
	defer faultsPanic()()
	inFn := false
	defer s.mu.RUnlock()
	defer func() {
		if inFn { // fn's own panic: not ours to catch
			return
		}
		if r := recover(); r != nil {
			err = s.panicked("read", r)
		}
	}()
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	it := txn.NewIterator(scanOptions(prefix))
	defer it.Close()
	call := func(key, value []byte) error {
		inFn = true
		err := fn(key, value)
		inFn = false
		return err
	}
	for it.Seek(prefix); it.Valid(); it.Next() {
		item := it.Item()
		if keysOnly {
			if err := call(item.Key(), nil); err != nil {
				return err
			}
			continue
		}
		var fnErr error
		err := item.Value(func(v []byte) error {
			if v == nil {
				v = []byte{}
			}
			fnErr = call(item.Key(), v)
			return nil
		})
		if err != nil {
			return fmt.Errorf("read store: %w", err)
		}
		if fnErr != nil {
			return fnErr
		}
	}
	return nil
}

// scanOptions never prefetch: values lie beside their keys, and Badger would start a goroutine for each.
func scanOptions(prefix []byte) badger.IteratorOptions {
	o := badger.DefaultIteratorOptions
	o.PrefetchValues = false
	o.Prefix = prefix
	return o
}
