package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/urfave/cli/v2"

	"tocsin/node/config"
)

func configCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "config",
		Usage: "write, check and show the settings of this node",
		Verbs: []*cli.Command{configInitCommand(e), configCheckCommand(e), configShowCommand(e)},
	})
}

func configInitCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "init",
		Usage: "write a config.toml with every setting explained",
		Help: `Writes config.toml into the home directory (or to the file of -o; - is standard output). It sets nothing: every setting stands
there with its default and its manual, as comments. A file that exists is left as it is. A node needs no config.toml to run.`,
		Examples: []string{"tocsin config init", "tocsin config init -o -"},
		Flags:    []cli.Flag{&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write it to `FILE` instead, - for stdout"}},
		Run: func(_ context.Context, c *cli.Context) error {
			path := c.String("output")
			if path == dash {
				_, err := fmt.Fprint(e.Stdout, config.Template())
				return err
			}
			if path == "" {
				home, err := e.home()
				if err != nil {
					return err
				}
				path = filepath.Join(home, config.FileName)
			}
			if err := createFile(path, []byte(config.Template()), 0o600); err != nil {
				return err
			}
			if e.JSON {
				return printJSON(e.Stdout, struct {
					File string `json:"file"`
				}{path})
			}
			_, err := fmt.Fprintln(e.Stdout, path)
			return err
		},
	})
}

func configCheckCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "check",
		Usage:    "check the settings without starting anything",
		Args:     "[FILE]",
		Help:     "Reads FILE, or the config.toml of this node with its environment, and names every mistake with its line.",
		Examples: []string{"tocsin config check", "tocsin config check new.toml"},
		Run: func(_ context.Context, c *cli.Context) error {
			src, err := checkedSource(e, c.Args().First())
			if err != nil {
				return err
			}
			loaded, err := loadSettings(src)
			if err != nil {
				return err
			}
			for _, w := range loaded.Warnings {
				complain(e.Stderr, "warning: ", w)
			}
			if e.JSON {
				return printJSON(e.Stdout, struct {
					OK       bool     `json:"ok"`
					File     string   `json:"file"`
					Warnings []string `json:"warnings"`
				}{true, src.File, append([]string{}, loaded.Warnings...)})
			}
			_, err = fmt.Fprintln(e.Stdout, "the settings are right")
			return err
		},
	})
}

// checkedSource is the named file alone, or what this node would read.
func checkedSource(e *env, file string) (config.Source, error) {
	if err := noDash(file, "the file to check"); err != nil {
		return config.Source{}, err
	}
	if file != "" {
		return config.Source{File: file, Required: true}, nil
	}
	home, err := e.home()
	if err != nil {
		return config.Source{}, err
	}
	return settingsSource(e, home, nil), nil
}

func configShowCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "show",
		Usage:    "show the settings that hold",
		Help:     "Defaults, then config.toml, then the environment (mesh.listen is TOCSIN_MESH_LISTEN), each over the one before. --origin says which it was.",
		Examples: []string{"tocsin config show --origin"},
		Flags:    []cli.Flag{&cli.BoolFlag{Name: "origin", Usage: "say where each value came from"}},
		Run: func(_ context.Context, c *cli.Context) error {
			src, err := checkedSource(e, "")
			if err != nil {
				return err
			}
			loaded, err := loadSettings(src)
			if err != nil {
				return err
			}
			if e.JSON {
				return printSettings(e, loaded)
			}
			head := []string{"SETTING", "VALUE"}
			if c.Bool("origin") {
				head = append(head, "FROM")
			}
			t := newTable(head...)
			for _, v := range loaded.Values() {
				t.add(v.Key, flatList(v.Value), v.Origin.String())
			}
			return t.write(e.Stdout)
		},
	})
}

// flatList is a list of the file, which stands there in many lines, in one.
func flatList(value string) string {
	text := strings.Join(strings.Fields(value), " ")
	if inside, ok := strings.CutPrefix(text, "[ "); ok {
		return "[" + strings.TrimSuffix(inside, ", ]") + "]"
	}
	return text
}

// plainValue is what the text of a setting says in TOML: a string, a number, a truth value or a list. A text that says nothing
// stays a text.
func plainValue(text string) any {
	var one struct{ V any }
	if err := toml.Unmarshal([]byte("V = "+text), &one); err != nil || one.V == nil {
		return text
	}
	return one.V
}

func printSettings(e *env, loaded *config.Loaded) error {
	type setting struct {
		Key   string `json:"key"`
		Value any    `json:"value"`
		Layer string `json:"layer"`
		Where string `json:"where,omitzero"`
	}
	all := []setting{}
	for _, v := range loaded.Values() {
		all = append(all, setting{v.Key, plainValue(v.Value), v.Origin.Layer, v.Origin.Where})
	}
	return printJSON(e.Stdout, struct {
		Settings []setting `json:"settings"`
	}{all})
}
