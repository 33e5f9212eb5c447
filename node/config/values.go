package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span written as 90s, 10m, 36h or 400d.
type Duration time.Duration

const (
	second = Duration(time.Second)
	minute = Duration(time.Minute)
	hour   = Duration(time.Hour)
	day    = 24 * hour
)

// Std returns the duration as the standard library's.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration in the largest unit that keeps it whole.
func (d Duration) String() string {
	switch {
	case d != 0 && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d != 0 && d%hour == 0:
		return fmt.Sprintf("%dh", d/hour)
	case d != 0 && d%minute == 0:
		return fmt.Sprintf("%dm", d/minute)
	case d%second == 0:
		return fmt.Sprintf("%ds", d/second)
	}
	return time.Duration(d).String()
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	s := strings.TrimSpace(string(b))
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.ParseInt(n, 10, 32)
		if err != nil || days < 0 || days > 100*366 {
			return notDuration(s)
		}
		*d = Duration(days) * day
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return notDuration(s)
	}
	*d = Duration(v)
	return nil
}

func notDuration(s string) error {
	return fmt.Errorf("%+.40q is not a time span, such as 90s, 10m, 36h or 400d", s)
}

// Size is a number of bytes written as 512KiB, 128MiB, 20GiB or plain bytes.
type Size int64

const (
	kibibyte Size = 1 << 10
	mebibyte Size = 1 << 20
	gibibyte Size = 1 << 30
)

// String writes the size in the largest unit that keeps it whole.
func (s Size) String() string {
	switch {
	case s != 0 && s%gibibyte == 0:
		return fmt.Sprintf("%dGiB", s/gibibyte)
	case s != 0 && s%mebibyte == 0:
		return fmt.Sprintf("%dMiB", s/mebibyte)
	case s != 0 && s%kibibyte == 0:
		return fmt.Sprintf("%dKiB", s/kibibyte)
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	digits, unit := text, Size(1)
	for suffix, u := range map[string]Size{"KiB": kibibyte, "MiB": mebibyte, "GiB": gibibyte} {
		if n, ok := strings.CutSuffix(text, suffix); ok {
			digits, unit = strings.TrimSpace(n), u
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > int64(1<<62/unit) {
		return fmt.Errorf("%+.40q is not a size, such as 512KiB, 128MiB or 20GiB", text)
	}
	*s = Size(n) * unit
	return nil
}

// parseBool reads a switch from the environment or a flag, where people write more than TOML allows.
func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, errors.New("want true or false")
}
