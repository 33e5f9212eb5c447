package identity

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// WordCount is how many words stand for a team. Each carries eight bits of a hash: to find another key
// with the same words takes 2^128 tries.
const WordCount = 16

const wordsDomain = "tocsin team words v1\x00"

// Words returns the sixteen words by which two people compare a team ID aloud. They stand for a hash of
// the ID, which cannot be had back from them. See docs/spec/record.md, section "Text forms".
func Words(t TeamID) []string {
	sum := sha256.Sum256(append([]byte(wordsDomain), t[:]...))
	all := wordList()
	words := make([]string, WordCount)
	for i := range words {
		words[i] = all[sum[i]]
	}
	return words
}

// SameTeam compares what somebody read, heard or scanned with a team: its text form, or its words. It
// errs on what is neither.
func SameTeam(t TeamID, typed string) (bool, error) {
	if len(typed) > 4*TextLen {
		return false, fmt.Errorf("neither a team ID nor %d words: too long", WordCount)
	}
	other, err := ParseTeam(strings.TrimSpace(typed))
	if err == nil {
		return other == t, nil
	}
	fields := strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	var strange []string
	for _, f := range fields {
		if _, ok := slices.BinarySearch(wordList(), f); !ok {
			strange = append(strange, f)
		}
	}
	switch {
	case 2*len(strange) >= len(fields):
		return false, err
	case len(strange) > 0:
		return false, fmt.Errorf("%+q is not one of the words that stand for teams", strange[0])
	case len(fields) != WordCount:
		return false, fmt.Errorf("%d words, want all %d", len(fields), WordCount)
	}
	return slices.Equal(fields, Words(t)), nil
}

// wordList returns 256 English words, ascending. No two have the same three first letters or differ in
// one letter only, so that what is misheard is not another word.
func wordList() []string { return strings.Fields(words) }

const words = "" +
	"acorn actor adobe agent alarm album alley amber angle apple apron arena arrow aspen atlas attic award " +
	"axle azure bacon badge baker banjo bench berry bloom boat bonus bread brick brush cabin camel canal " +
	"cedar chalk clay cliff clock comet coral cotton cradle cymbal daisy dancer debit delta denim desert " +
	"diesel dinner domino donkey dragon drum dune dusk eagle easel echo elbow elder engine envoy epoch eraser " +
	"exit fabric falcon farmer fern fiddle field finch flame flute forest fossil fox frost fudge funnel " +
	"galaxy garden gecko ginger globe goblet gopher guitar gypsum habit hammer harbour hazel helmet herald " +
	"hobby honey hotel hunter husky igloo impala indigo insect iris iron island ivory jacket jaguar jelly " +
	"jewel jigsaw jungle jury kayak kennel kettle kidney kimono kiosk koala ladder lagoon laptop lasso laurel " +
	"lemon lilac linen lizard locket lotus lumber lunar magnet mango maple marble meadow melon meteor mirror " +
	"mocha mosaic motor muffin museum napkin nectar needle nickel noodle nova nugget nutmeg oasis oboe ocean " +
	"office olive onion opal orbit orchid otter oxygen oyster paddle palace panda paper parrot pebble pencil " +
	"pepper piano picnic pigeon pilot planet plum polar potato prism puzzle quail queen quilt rabbit radar " +
	"raisin ranch raven recipe ribbon river robin rubber rudder salmon satin scarf school season shovel " +
	"silver sketch spider spruce squash stereo summit sunset syrup tablet teapot temple tennis tiger timber " +
	"tomato topaz torch tulip turtle tuxedo uncle upland urban usher vacuum velvet vessel victor violin " +
	"voyage waffle wagon walnut whale wicker willow window wolf wooden yacht yellow yogurt zebra zenith " +
	"zigzag zipper"
