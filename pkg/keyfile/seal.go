package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	ascii "filippo.io/age/armor"
)

// seal encrypts a text into an age file of ASCII lines, which survives being printed or mailed.
func seal(text []byte, to age.Recipient) ([]byte, error) {
	var file bytes.Buffer
	lines := ascii.NewWriter(&file)
	w, err := age.Encrypt(lines, to)
	if err != nil {
		return nil, fmt.Errorf("encrypt key: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return nil, fmt.Errorf("encrypt key: %w", err)
	}
	if err := errors.Join(w.Close(), lines.Close()); err != nil {
		return nil, fmt.Errorf("encrypt key: %w", err)
	}
	return file.Bytes(), nil
}

// unseal decrypts an age file, of ASCII lines or binary. The error is an *age.NoIdentityMatchError where the key
// is the wrong one.
func unseal(file []byte, with age.Identity) ([]byte, error) {
	var src io.Reader = bytes.NewReader(file)
	if bytes.HasPrefix(file, []byte(ascii.Header)) {
		src = ascii.NewReader(src)
	}
	r, err := age.Decrypt(src, with)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller tells the kinds apart
	}
	text, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return nil, fmt.Errorf("decrypt key: %w", err)
	}
	return text, nil
}

func passphraseRecipient(passphrase string, workFactor int) (age.Recipient, error) {
	if workFactor == 0 {
		workFactor = DefaultWorkFactor
	}
	if workFactor < 1 || workFactor > maxWorkFactor {
		return nil, fmt.Errorf("scrypt work factor %d is not from 1 to %d", workFactor, maxWorkFactor)
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("use passphrase: %w", err)
	}
	r.SetWorkFactor(workFactor)
	return r, nil
}

// unlockText is the file of an age identity as age-keygen writes it.
func unlockText(id *age.X25519Identity) []byte {
	return fmt.Appendf(nil, "# tocsin unlock key: opens %s. Keep it secret.\n# public key: %s\n%s\n", NodeFile, id.Recipient(), id)
}

// parseUnlock reads an age identity file that holds exactly one X25519 key.
func parseUnlock(text []byte) (*age.X25519Identity, error) {
	var found *age.X25519Identity
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		id, err := age.ParseX25519Identity(line)
		if err != nil {
			return nil, errors.New("it is not an age identity (AGE-SECRET-KEY-1...)") // the cause may hold the key
		}
		if found != nil {
			return nil, errors.New("it holds more than one age identity")
		}
		found = id
	}
	if found == nil {
		return nil, errors.New("it holds no age identity (AGE-SECRET-KEY-1...)")
	}
	return found, nil
}
