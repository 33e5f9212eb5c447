package local

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pelletier/go-toml/v2"

	"tocsin/pkg/identity"
)

// MaxTeams bounds a cluster: each team is a process of some 50 MiB.
const MaxTeams = 32

// maxSchema bounds the text of a schema.
const maxSchema = 64 << 10

// Schema says which teams there are and how they come together. As text it is TOML:
//
//	community = "sundrift"
//	reply_by_floor = "2s"
//
//	[[team]]
//	name = "Aldra-CERT"
//	role = "national CERT"
//
//	[[team]]
//	name = "Brisa-CSIRT"
//
// The first team founds the community, and brings the others in. Without a community the teams are
// strangers to each other.
type Schema struct {
	// Community is the name of the one community.
	Community string `toml:"community"`
	// Region goes into its charter.
	Region string `toml:"region"`
	// ReplyByFloor is the shortest time in which an answer can be asked there; zero is the default of
	// the program, an hour.
	ReplyByFloor Span `toml:"reply_by_floor"`
	// Teams are the nodes, in the order in which they start.
	Teams []TeamSchema `toml:"team"`
}

// TeamSchema is one team.
type TeamSchema struct {
	Name string `toml:"name"`
	Role string `toml:"role"` // for people
}

// Span is a time.Duration that is written as "2s".
type Span time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = Span(d)
	return err
}

// ParseSchema reads a schema from its text and checks it.
func ParseSchema(text []byte) (Schema, error) {
	var s Schema
	if len(text) > maxSchema {
		return s, fmt.Errorf("parse schema: longer than %d bytes", maxSchema)
	}
	dec := toml.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("parse schema: %w", err)
	}
	if err := s.validate(); err != nil {
		return s, fmt.Errorf("parse schema: %w", err)
	}
	return s, nil
}

// Numbered is the schema of n teams called node-0 to node-(n-1) in one community that the first founds.
func Numbered(community string, n int) Schema {
	s := Schema{Community: community}
	for i := range n {
		s.Teams = append(s.Teams, TeamSchema{Name: fmt.Sprintf("node-%d", i)})
	}
	return s
}

func (s *Schema) validate() error {
	switch {
	case len(s.Teams) == 0:
		return errors.New("no teams")
	case len(s.Teams) > MaxTeams:
		return fmt.Errorf("%d teams, at most %d are allowed", len(s.Teams), MaxTeams)
	case s.ReplyByFloor < 0 || time.Duration(s.ReplyByFloor)%time.Second != 0:
		return fmt.Errorf("reply_by_floor %s is not a number of whole seconds", time.Duration(s.ReplyByFloor))
	}
	var above []string
	for i, t := range s.Teams {
		if err := identity.CheckName(t.Name); err != nil {
			return fmt.Errorf("team %d: %w", i+1, err)
		}
		if slices.Contains(above, t.Name) {
			return fmt.Errorf("two teams are called %s", t.Name)
		}
		above = append(above, t.Name)
	}
	return nil
}
