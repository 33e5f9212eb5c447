package main

import (
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
)

// output is the file of -o. It is opened before the daemon is called, so that nothing is done whose answer has no place to go.
// The zero value is standard output.
type output struct {
	f *os.File
}

// openOutput opens a new file for an answer that is not secret; the empty name and "-" are standard output.
func openOutput(path string) (*output, error) {
	if path == "" || path == dash {
		return &output{}, nil
	}
	f, err := newFile(path, 0o644)
	if err != nil {
		return nil, err
	}
	return &output{f}, nil
}

// dialForFile is dial for a command whose answer goes into the file of -o; drop the output when done.
func dialForFile(e *env, c *cli.Context) (*client.Client, *output, error) {
	d, err := dial(e)
	if err != nil {
		return nil, nil, err
	}
	out, err := openOutput(c.String("output"))
	return d, out, err
}

// toFile says whether there is a file that still waits for its content.
func (o *output) toFile() bool { return o.f != nil }

// named is the file's name as the end of a line to type elsewhere, where it lies under the same name; or a word for it, if the
// answer goes to stdout.
func (o *output) named(otherwise string) string {
	if o.f == nil {
		return " " + otherwise
	}
	return quoteAll([]string{filepath.Base(o.f.Name())})
}

// write fills the file and says so.
func (o *output) write(e *env, file api.File) error { return o.writeText(e, string(withNewline(file))) }

// writeText is write for what is no JSON.
func (o *output) writeText(e *env, text string) error {
	f := o.f
	o.f = nil
	if err := fillFile(f, []byte(text)); err != nil {
		return err
	}
	complain(e.Stderr, "", "wrote "+f.Name())
	return nil
}

// drop takes away a file that nothing was written to; after write it does nothing.
func (o *output) drop() {
	if o.f == nil {
		return
	}
	_ = o.f.Close()           // nothing is in it
	_ = os.Remove(o.f.Name()) //nolint:gosec // made here, where the operator named it
	o.f = nil
}
