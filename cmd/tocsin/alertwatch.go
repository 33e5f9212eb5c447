package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// errEnough ends a watch that has seen what it was to see.
var errEnough = errors.New("seen enough")

func alertWatchCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "watch",
		Usage: "print alerts as they come in",
		Help: `Prints one line for each alert from now on, once it is on stable storage here, until it is interrupted: when it was seen, ID,
marking, severity, author, community, title. What an alert may not be used for stands in indented lines before it. With --json each line is
one event with the whole alert but for the content of attachments.`,
		Examples: []string{"tocsin alert watch", "tocsin alert watch --count 1 --json"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "community", Usage: "only of this `COMMUNITY`: name, ID, or the first characters of it"},
			&cli.IntFlag{Name: "count", Usage: "end after `NUMBER` alerts (0: never)"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			var only *api.Community
			if name := c.String("community"); name != "" {
				if only, err = d.Community(ctx, name); err != nil {
					return err
				}
			}
			left := c.Int("count")
			err = d.Watch(ctx, "", func(event api.Event) error {
				if !wanted(&event, only) {
					return nil
				}
				if err := writeEvent(e, &event); err != nil {
					return err
				}
				if left--; left == 0 {
					return errEnough
				}
				return nil
			})
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		},
	})
}

// wanted passes alerts, and the news that some were missed.
func wanted(event *api.Event, only *api.Community) bool {
	n := event.Entry
	switch {
	case event.Type == api.EventLost:
		return true
	case event.Type != api.EventRecord || n == nil || n.Kind != notice.KindAlert:
		return false
	}
	return only == nil || n.Community != nil && n.Community.ID == only.ID
}

func writeEvent(e *env, event *api.Event) error {
	if e.JSON {
		return printAnswer(e, event)
	}
	n := event.Entry
	if n == nil {
		complain(e.Stderr, "", "some alerts may have been missed: tocsin alert list shows all")
		return nil
	}
	if n.Alert != nil {
		for _, p := range n.Alert.Marking.Purpose {
			if _, err := fmt.Fprintf(e.Stdout, "  %s\n", cleanLine(limitSentence(p))); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(e.Stdout, "%s  %s  %-16s  %-8s  %s  %s  %s\n", showInstant(n.Sighting.Seen), short(n.ID), markingOf(n),
		cleanLine(severityOf(n)), teamName(n.Author), channelName(n), cleanLine(fate(n)+headline(n)))
	return err
}
