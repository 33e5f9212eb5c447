package notice

import "tocsin/pkg/record"

// Limits of a profile, for writer and reader alike; see limits.go.
const (
	// MaxProfile leaves room in a statement for the delegation of its signer and what stands around it.
	MaxProfile = record.MaxStatement - 2<<10
	// MaxContacts bounds lists of numbers, addresses, places and languages.
	MaxContacts = 16
	// MaxHours bounds the blocks of covered hours: two for each day, and some.
	MaxHours = 16
	// MaxHolidays is what the busiest calendar has in two years.
	MaxHolidays = 64
	// MaxDuties bounds the authorities named.
	MaxDuties = 16
	// MaxRoles bounds claims, MaxEndorsers those named with each.
	MaxRoles     = 8
	MaxEndorsers = 16
	// MaxRedDesk bounds the persons that open TLP:RED: as many as one node can be asked to show.
	MaxRedDesk = 16
	// MaxOpenPGPKey fits an RSA key of 4096 bits with a subkey of the same, armored and stripped of the
	// signatures of others.
	MaxOpenPGPKey = 8 << 10
	// MaxOpenPGPSignature fits one of such a key.
	MaxOpenPGPSignature = 2 << 10
)
