package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

func alertUpdateCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "update",
		Usage: "replace an alert of yours with a new one",
		Args:  "ALERT [DRAFT]",
		Help: `Publishes a new alert that replaces ALERT (an ID, or the first characters of one, as alert list shows it). Nothing is edited in
place: both stay, and readers are shown that the first is replaced.

Without a DRAFT the new alert starts from the old one, and flags replace parts of it. The marking is asked for again, because
new words may need another one. One that is less strict than that of the old alert - a wider TLP label, a wider PAP or a limit of
purpose less - is refused, unless --relabel says that it is meant.`,
		Examples: []string{"tocsin alert update --tlp clear --urgency immediate --summary 'Now exploited in the wild.' rafdcebd6a2x"},
		Flags: append(without(alertFlags(), "relabel"),
			relabelFlag("mark it less strictly than the alert that it replaces, or than a file or a text in it: only with the permission of their source")),
		Run: func(ctx context.Context, c *cli.Context) error {
			if c.Bool("template") {
				_, err := fmt.Fprint(e.Stdout, alertTemplate())
				return err
			}
			old, err := findAlert(ctx, e, c.Args().First())
			if err != nil {
				return err
			}
			w := &alertDraft{}
			if c.String("file") == "" && c.NArg() < 2 {
				w = redraft(old)
				if w.kept, err = keptOf(ctx, e, c, &old.Entry); err != nil {
					return err
				}
			} else if old.Community != nil {
				w.Community = old.Community.ID.String()
			}
			d, err := readAlert(e, c, 1, w)
			if err != nil {
				return err
			}
			draft, err := d.alert(w, notice.AlertUpdate, old.ID)
			if err != nil {
				return err
			}
			return publishAlert(ctx, e, draft)
		},
	})
}

func alertCancelCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "cancel",
		Usage: "take an alert of yours back",
		Args:  "ALERT",
		Help: `Publishes a notice that ALERT (an ID, or the first characters of one) no longer holds. The old alert stays where it is, and
is shown as cancelled.

Unless flags say otherwise the cancel repeats the title of the alert, and so carries the marking that the alert has. A marking
that is less strict is refused, unless --relabel says that it is meant.`,
		Examples: []string{"tocsin alert cancel --summary 'False alarm: the traffic was our own scanner.' rafdcebd6a2x"},
		Flags: append(without(append(audienceFlags(), contentFlags()...), "community", "attach", "relabel", "cve", "url", "advisory", "prefix", "asn",
			"domain", "country", "sector"), relabelFlag("mark it less strictly than the alert that it cancels")),
		Run: func(ctx context.Context, c *cli.Context) error {
			old, err := findAlert(ctx, e, c.Args().First())
			if err != nil {
				return err
			}
			all := redraft(old)
			w := &alertDraft{draft: draft{
				Community: all.Community, TLP: old.Alert.Marking.TLP.String(), PAP: all.PAP, Purpose: all.Purpose,
				Status: all.Status, Text: []textDraft{{Language: "en"}}, OurRef: all.OurRef,
			}}
			if len(all.Text) > 0 {
				w.Text[0].Language, w.Text[0].Title = all.Text[0].Language, all.Text[0].Title
			}
			d, err := readAlert(e, c, 1, w)
			if err != nil {
				return err
			}
			draft, err := d.alert(w, notice.AlertCancel, old.ID)
			if err != nil {
				return err
			}
			return publishAlert(ctx, e, draft)
		},
	})
}

func relabelFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "relabel", Usage: usage} }

// findAlert asks the daemon for an alert of this team.
func findAlert(ctx context.Context, e *env, id string) (*api.RecordView, error) {
	d, err := dial(e)
	if err != nil {
		return nil, err
	}
	r, err := d.Record(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case r.Alert == nil && r.Red != nil && r.Kind == notice.KindAlert:
		return nil, &userError{Code: exitRefused, Msg: "this alert is TLP:RED and went to one team: alerts of a community are replaced or cancelled"}
	case r.Alert == nil && r.Kind == notice.KindAlert:
		return nil, &userError{Code: exitFailed, Msg: "this alert is not readable here: " + r.Unread}
	case r.Alert == nil:
		return nil, &userError{Code: exitNotFound, Msg: fmt.Sprintf("%s is no alert but a %s", short(r.ID), r.Kind), Hint: "tocsin record show " + id}
	case !r.Own:
		return nil, &userError{
			Code: exitRefused, Msg: "this alert is of " + showTeam(r.Author) + ", and only its author can replace it",
			Hint: "write to them: tocsin request send --private --to " + r.Author.ID.String() + " --action information ...",
		}
	}
	return r, nil
}

// keptOf returns the attachments that an update takes over: all, unless it brings its own.
func keptOf(ctx context.Context, e *env, c *cli.Context, old *api.Entry) ([]notice.Attachment, error) {
	if c.IsSet("attach") {
		return nil, nil
	}
	d, err := dial(e)
	if err != nil {
		return nil, err
	}
	return attached{d, old}.all(ctx)
}

// redraft is the draft that would make the alert again, but for its marking's TLP.
func redraft(r *api.RecordView) *alertDraft {
	a := r.Alert
	w := &alertDraft{
		draft: draft{
			PAP: a.Marking.PAP.String(), Status: a.Status.String(), OurRef: a.OurRef, YourRef: a.YourRef,
			Affected: affectedDraft{ASNs: a.Affected.ASNs, Domains: a.Affected.Domains, Countries: a.Affected.Countries, Sectors: a.Affected.Sectors},
		},
		Classification: a.Classification.String(), Severity: a.Severity.String(), Urgency: a.Urgency.String(), Certainty: a.Certainty.String(),
	}
	if r.Community != nil {
		w.Community = r.Community.ID.String()
	}
	for _, p := range a.Marking.Purpose {
		w.Purpose = append(w.Purpose, p.String())
	}
	for _, t := range a.Texts {
		w.Text = append(w.Text, textDraft(t))
	}
	for _, p := range a.Affected.Prefixes {
		w.Affected.Prefixes = append(w.Affected.Prefixes, p.String())
	}
	for _, ref := range a.References {
		switch ref.Type {
		case notice.ReferenceCVE:
			w.CVE = append(w.CVE, ref.Value)
		case notice.ReferenceURL:
			w.URL = append(w.URL, ref.Value)
		default:
			w.Advisory = append(w.Advisory, ref.Value)
		}
	}
	if !a.Observed.IsZero() {
		w.Observed = a.Observed
	}
	if !a.ValidUntil.IsZero() {
		w.ValidUntil = a.ValidUntil
	}
	return w
}
