package node

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"tocsin/pkg/identity"
)

const (
	// bookFile holds addresses that came with invites and cards, one a line, so that a restart before
	// the first contact does not lose them. After it the mesh keeps what it learns itself.
	bookFile  = "peers.txt"
	bookTitle = "# Addresses that came with invites and cards. The daemon writes this file.\n"
	// joinedFile holds the IDs of the communities that the operator founded or joined, so that a node
	// that lost its store takes their statements back from members: nobody else can make it join.
	joinedFile  = "communities.txt"
	joinedTitle = "# Communities that this node founded or joined. The daemon writes this file.\n"
	// maxBook bounds either; the oldest go first.
	maxBook     = 64
	maxBookFile = 64 << 10
)

// book is a file of lines that outlives the store.
type book struct {
	path  string
	title string
	valid func(line string) bool // others are passed over
	mu    sync.Mutex             // held while the file is read or written
}

func newAddressBook(home string) *book {
	return &book{
		path: filepath.Join(home, bookFile), title: bookTitle,
		valid: func(line string) bool { return strings.HasPrefix(line, "/") },
	}
}

func newJoinedBook(home string) *book {
	return &book{
		path: filepath.Join(home, joinedFile), title: joinedTitle,
		valid: func(line string) bool {
			_, err := identity.ParseCommunity(line)
			return err == nil
		},
	}
}

func (b *book) list() ([]string, error) {
	f, err := os.Open(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", b.path, err)
	}
	defer f.Close() //nolint:errcheck // only read from
	var out []string
	lines := bufio.NewScanner(io.LimitReader(f, maxBookFile))
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); b.valid(line) {
			out = append(out, line)
		}
	}
	return out[max(0, len(out)-maxBook):], lines.Err()
}

// add writes lines down, durable when it returns nil.
func (b *book) add(lines []string) error {
	return b.replace(lines, func(a string) bool { return slices.Contains(lines, a) })
}

// replace writes lines down in the place of those that are over, durable when it returns nil.
func (b *book) replace(lines []string, over func(line string) bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, err := b.list()
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, over)
	all = append(all, lines...)
	all = all[max(0, len(all)-maxBook):]
	var text bytes.Buffer
	text.WriteString(b.title)
	for _, a := range all {
		text.WriteString(a + "\n")
	}
	if err := replaceFile(b.path, text.Bytes()); err != nil {
		return fmt.Errorf("write %s: %w", b.path, err)
	}
	return nil
}

// replaceFile puts a file in place as a whole: after a crash there is the old one or the new one.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// callBook gives the mesh the addresses of the book.
func (n *Node) callBook(ctx context.Context) {
	list, err := n.book.list()
	if err != nil {
		n.log.WarnContext(ctx, "no address book", slog.Any("err", err))
	}
	n.call(ctx, list)
}

// recallJoined tells the replica which communities the operator joined in an earlier life of the store.
func (n *Node) recallJoined(ctx context.Context) {
	list, err := n.joined.list()
	if err != nil {
		n.log.WarnContext(ctx, "could not read which communities were joined", slog.Any("err", err))
	}
	var ids []identity.CommunityID
	for _, text := range list {
		if id, err := identity.ParseCommunity(text); err == nil {
			ids = append(ids, id)
		}
	}
	n.replica.Expect(ids...)
}

// noteJoined writes down a community that is joined now.
func (n *Node) noteJoined(id identity.CommunityID) error {
	n.replica.Expect(id)
	return n.joined.add([]string{id.String()})
}

// call has the mesh stay connected to addresses. One that it cannot read is passed over.
func (n *Node) call(ctx context.Context, addresses []string) {
	for _, a := range addresses {
		if err := n.net.AddAddress(a); err != nil {
			n.log.WarnContext(ctx, "passed over an address", slog.String("address", a), slog.Any("err", err))
		}
	}
}

// meet writes addresses down and calls them.
func (n *Node) meet(ctx context.Context, addresses []string) {
	if len(addresses) == 0 {
		return
	}
	if err := n.book.add(addresses); err != nil {
		n.log.WarnContext(ctx, "addresses are lost at the next restart", slog.Any("err", err))
	}
	n.call(ctx, addresses)
}
