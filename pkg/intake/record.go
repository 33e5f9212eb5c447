package intake

import (
	"fmt"

	"tocsin/pkg/document"
	"tocsin/pkg/notice"
)

// fromRecord reads an alert of this mesh out of the file that record export wrote.
func fromRecord(data []byte) (*Draft, error) {
	rec, n, err := document.OpenRecord(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	a, ok := n.(*notice.Alert)
	if !ok {
		return nil, fmt.Errorf("%w: it holds a record of kind %s, and only alerts are taken in", ErrForm, rec.Header().Kind)
	}
	d := &Draft{Source: Record, Alert: *a, Labels: []string{a.Marking.TLP.String()}, Record: rec}
	d.Alert.Normalise()
	return d, nil
}
