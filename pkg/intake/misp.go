package intake

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/notice"
)

// event is the part of a MISP event that an alert says itself. MISP writes numbers as text, or not.
type event struct {
	UUID   string         `json:"uuid"`
	Info   string         `json:"info"`
	Date   string         `json:"date"`
	Threat jsontext.Value `json:"threat_level_id"`
	tagged
	Attributes []attribute `json:"Attribute"`
	Objects    []struct {
		Attributes []attribute `json:"Attribute"`
	} `json:"Object"`
}

type tagged struct {
	Tags []struct {
		Name string `json:"name"`
	} `json:"Tag"`
}

type attribute struct {
	Type  string `json:"type"`
	Value string `json:"value"`
	tagged
}

func fromMISP(data []byte) (*Draft, error) {
	e, err := oneEvent(data)
	if err != nil {
		return nil, err
	}
	d := newDraft(MISP)
	d.Alert.Texts = []notice.Text{{Language: "und", Title: titleOr(e.Info, "MISP event "+e.UUID)}}
	d.Alert.Severity = severity(string(e.Threat))
	if at, err := time.Parse(time.DateOnly, e.Date); err == nil && at.Year() >= 1970 {
		d.Alert.Observed = at.UTC()
	}
	if e.UUID != "" {
		d.refer(notice.ReferenceAdvisory, "misp:"+e.UUID)
	}
	d.tags(&e.tagged)
	all := e.Attributes
	for _, o := range e.Objects {
		all = append(all, o.Attributes...)
	}
	for i := range all {
		d.tags(&all[i].tagged)
		switch all[i].Type {
		case "vulnerability":
			d.refer(notice.ReferenceCVE, all[i].Value)
		case "link":
			d.refer(notice.ReferenceURL, all[i].Value)
		}
	}
	return d, nil
}

// oneEvent reads the event of a file: alone, with or without the member that holds it, or as the only one of an answer of
// MISP's interface.
func oneEvent(data []byte) (*event, error) {
	type holder struct {
		Event *event `json:"Event"`
	}
	var file struct {
		holder
		event
		Response []holder `json:"response"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%w: it calls itself a MISP event and is not of that form", ErrForm)
	}
	switch {
	case file.Event != nil:
		return file.Event, nil
	case len(file.Response) == 1 && file.Response[0].Event != nil:
		return file.Response[0].Event, nil
	case len(file.Response) == 0:
		return &file.event, nil
	}
	return nil, fmt.Errorf("%w: it holds %d MISP events; export them one by one", ErrForm, len(file.Response))
}

// tags takes the limits of action among tags. The strictest holds for the whole, also where it is that of one attribute.
func (d *Draft) tags(t *tagged) {
	for _, tag := range t.Tags {
		lower := strings.ToLower(strings.TrimSpace(tag.Name))
		if !strings.HasPrefix(lower, "pap:") {
			continue
		}
		pap, err := notice.ParsePAP(lower)
		if err != nil {
			pap = notice.PAPRed // the strictest that it can have meant
		}
		if pap.Stricter(d.Alert.Marking.PAP) || d.Alert.Marking.PAP == "" {
			d.Alert.Marking.PAP = pap
		}
	}
}

func severity(threat string) notice.Severity {
	switch strings.Trim(threat, `"`) {
	case "1":
		return notice.SeveritySevere
	case "2":
		return notice.SeverityModerate
	case "3":
		return notice.SeverityMinor
	}
	return ""
}
