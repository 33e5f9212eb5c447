package node

import (
	"fmt"
	"net"
	"strings"
)

// tellSystemd sends one message of the sd_notify protocol, or nothing where nobody asked for it.
func tellSystemd(socket, message string) error {
	if socket == "" {
		return nil
	}
	if name, ok := strings.CutPrefix(socket, "@"); ok {
		socket = "\x00" + name
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	defer c.Close() //nolint:errcheck // the message is sent or not by now
	if _, err := c.Write([]byte(message)); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}
