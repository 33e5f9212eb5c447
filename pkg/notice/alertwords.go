package notice

import "github.com/go-json-experiment/json/jsontext"

// AlertType says what an alert does to earlier ones (CAP msgType). A reader takes an unknown type as
// AlertNew: it shows the alert, and nothing else is replaced or cancelled by it.
type AlertType string

// The words.
const (
	AlertNew    AlertType = "new"    // CAP Alert
	AlertUpdate AlertType = "update" // CAP Update: replaces what it refers to
	AlertCancel AlertType = "cancel" // CAP Cancel: what it refers to no longer holds
)

// AlertTypes returns all types.
func AlertTypes() []AlertType {
	return []AlertType{AlertNew, AlertUpdate, AlertCancel}
}

func alertTypes() vocabulary[AlertType] {
	return vocabulary[AlertType]{"alert type", AlertTypes(), func(lower string) AlertType {
		switch lower {
		case "alert":
			return AlertNew
		}
		return ""
	}}
}

// ParseAlertType reads a word in any case, and CAP's "alert" for new.
func ParseAlertType(s string) (AlertType, error) { return alertTypes().parse(s) }

// String returns the word.
func (a AlertType) String() string { return string(a) }

// Known reports whether a is one of AlertTypes.
func (a AlertType) Known() bool { return alertTypes().has(a) }

// MarshalText returns the word.
func (a AlertType) MarshalText() ([]byte, error) { return write(a) }

// UnmarshalText reads a word as ParseAlertType does.
func (a *AlertType) UnmarshalText(b []byte) (err error) {
	*a, err = ParseAlertType(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (a *AlertType) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*a, err = alertTypes().read(dec)
	return err
}

// Status tells the real thing from a drill (CAP status). A reader takes an unknown status as
// StatusActual: a false alarm costs less than a missed one.
type Status string

// The words.
const (
	StatusActual   Status = "actual"   // CAP Actual
	StatusExercise Status = "exercise" // CAP Exercise: act as the exercise script says
	StatusTest     Status = "test"     // CAP Test: technical, ignore the content
)

// Statuses returns all statuses.
func Statuses() []Status {
	return []Status{StatusActual, StatusExercise, StatusTest}
}

func statuses() vocabulary[Status] {
	return vocabulary[Status]{"status", Statuses(), nil}
}

// ParseStatus reads a word in any case.
func ParseStatus(s string) (Status, error) { return statuses().parse(s) }

// String returns the word.
func (s Status) String() string { return string(s) }

// Known reports whether s is one of Statuses.
func (s Status) Known() bool { return statuses().has(s) }

// Drill reports whether nothing real happened: an exercise or a test. Drills are counted apart.
func (s Status) Drill() bool { return s == StatusExercise || s == StatusTest }

// MarshalText returns the word.
func (s Status) MarshalText() ([]byte, error) { return write(s) }

// UnmarshalText reads a word as ParseStatus does.
func (s *Status) UnmarshalText(b []byte) (err error) {
	*s, err = ParseStatus(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (s *Status) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*s, err = statuses().read(dec)
	return err
}

// Severity is how bad the impact is or would be (CAP severity). The zero Severity was not said.
type Severity string

// The words.
const (
	SeverityExtreme  Severity = "extreme"  // extraordinary threat
	SeveritySevere   Severity = "severe"   // significant threat
	SeverityModerate Severity = "moderate" // possible threat
	SeverityMinor    Severity = "minor"    // minimal or no known threat
	SeverityUnknown  Severity = "unknown"
)

// Severities returns all severities, the worst first.
func Severities() []Severity {
	return []Severity{SeverityExtreme, SeveritySevere, SeverityModerate, SeverityMinor, SeverityUnknown}
}

func severities() vocabulary[Severity] {
	return vocabulary[Severity]{"severity", Severities(), nil}
}

// ParseSeverity reads a word in any case.
func ParseSeverity(s string) (Severity, error) { return severities().parse(s) }

// String returns the word.
func (s Severity) String() string { return string(s) }

// Known reports whether s is one of Severities.
func (s Severity) Known() bool { return severities().has(s) }

// Worse reports whether s is a worse impact than other. Unknown, unsaid and unrecognised severities
// are the least.
func (s Severity) Worse(other Severity) bool { return s.rank() < other.rank() }

func (s Severity) rank() int {
	if r := severities().rank(s); r >= 0 {
		return r
	}
	return len(Severities()) - 1
}

// MarshalText returns the word.
func (s Severity) MarshalText() ([]byte, error) { return write(s) }

// UnmarshalText reads a word as ParseSeverity does.
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSeverity(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (s *Severity) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*s, err = severities().read(dec)
	return err
}

// Urgency is how soon one should act (CAP urgency). The zero Urgency was not said.
type Urgency string

// The words.
const (
	UrgencyImmediate Urgency = "immediate" // act now
	UrgencyExpected  Urgency = "expected"  // within the next hour
	UrgencyFuture    Urgency = "future"    // in the near future
	UrgencyPast      Urgency = "past"      // no longer needed
	UrgencyUnknown   Urgency = "unknown"
)

// Urgencies returns all urgencies, in CAP's order.
func Urgencies() []Urgency {
	return []Urgency{UrgencyImmediate, UrgencyExpected, UrgencyFuture, UrgencyPast, UrgencyUnknown}
}

func urgencies() vocabulary[Urgency] {
	return vocabulary[Urgency]{"urgency", Urgencies(), nil}
}

// ParseUrgency reads a word in any case.
func ParseUrgency(s string) (Urgency, error) { return urgencies().parse(s) }

// String returns the word.
func (u Urgency) String() string { return string(u) }

// Known reports whether u is one of Urgencies.
func (u Urgency) Known() bool { return urgencies().has(u) }

// MarshalText returns the word.
func (u Urgency) MarshalText() ([]byte, error) { return write(u) }

// UnmarshalText reads a word as ParseUrgency does.
func (u *Urgency) UnmarshalText(b []byte) (err error) {
	*u, err = ParseUrgency(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (u *Urgency) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*u, err = urgencies().read(dec)
	return err
}

// Certainty is how sure the sender is (CAP certainty). The zero Certainty was not said.
type Certainty string

// The words.
const (
	CertaintyObserved Certainty = "observed" // happened or is happening
	CertaintyLikely   Certainty = "likely"   // more than half
	CertaintyPossible Certainty = "possible" // half or less
	CertaintyUnlikely Certainty = "unlikely" // near zero
	CertaintyUnknown  Certainty = "unknown"
)

// Certainties returns all certainties, in CAP's order.
func Certainties() []Certainty {
	return []Certainty{CertaintyObserved, CertaintyLikely, CertaintyPossible, CertaintyUnlikely, CertaintyUnknown}
}

func certainties() vocabulary[Certainty] {
	return vocabulary[Certainty]{"certainty", Certainties(), nil}
}

// ParseCertainty reads a word in any case.
func ParseCertainty(s string) (Certainty, error) { return certainties().parse(s) }

// String returns the word.
func (c Certainty) String() string { return string(c) }

// Known reports whether c is one of Certainties.
func (c Certainty) Known() bool { return certainties().has(c) }

// MarshalText returns the word.
func (c Certainty) MarshalText() ([]byte, error) { return write(c) }

// UnmarshalText reads a word as ParseCertainty does.
func (c *Certainty) UnmarshalText(b []byte) (err error) {
	*c, err = ParseCertainty(string(b))
	return err
}

// UnmarshalJSONFrom is UnmarshalText that keeps an unknown word.
func (c *Certainty) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*c, err = certainties().read(dec)
	return err
}
