package mesh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"golang.org/x/net/dns/dnsmessage"
)

// Finding nodes in the local network: multicast DNS (RFC 6762), a question now and then for one name,
// and answers that carry the addresses as TXT strings "dnsaddr=MULTIADDR/p2p/ID", as libp2p spells them.
// Who is found is only dialled; whether it may more than say hello is decided as for everybody.

const (
	lanName   = "_tocsin._udp.local."
	lanPrefix = "dnsaddr="
)

func lanGroup() *net.UDPAddr { return &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353} }

// lan asks and answers until ctx ends.
func (m *Mesh) lan(ctx context.Context) {
	conn, err := net.ListenMulticastUDP("udp4", nil, lanGroup())
	if err != nil {
		m.log.LogAttrs(ctx, slog.LevelWarn, "cannot look for nodes in the local network", slog.Any("err", err))
		return
	}
	// A socket of its own to speak with: what the other one sends is not heard by nodes on this machine.
	voice, err := net.ListenUDP("udp4", nil)
	if err != nil {
		_ = conn.Close()
		m.log.LogAttrs(ctx, slog.LevelWarn, "cannot look for nodes in the local network", slog.Any("err", err))
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		stop()
		_ = conn.Close()
		_ = voice.Close()
	}()
	question, err := lanQuestion()
	if err != nil {
		m.log.LogAttrs(ctx, slog.LevelWarn, "cannot look for nodes in the local network", slog.Any("err", err))
		return
	}
	buf := make([]byte, lanPacket)
	var asked, answered time.Time
	wait := lanFirst
	for ctx.Err() == nil {
		now := time.Now()
		if now.Sub(asked) >= wait {
			asked, wait = now, min(2*wait, lanEvery)
			_, _ = voice.WriteToUDP(question, lanGroup()) // a network that is down now is asked again later
		}
		_ = conn.SetReadDeadline(asked.Add(wait))
		n, _, err := conn.ReadFromUDP(buf)
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) { // the end, or a fault that must not keep us busy
				select {
				case <-ctx.Done():
				case <-time.After(lanAnswer):
				}
			}
			continue
		}
		asks, found := readLAN(buf[:n])
		if asks && time.Since(answered) >= lanAnswer {
			answered = time.Now()
			if answer, err := lanResponse(m.Addrs()); err == nil {
				_, _ = voice.WriteToUDP(answer, lanGroup())
			}
		}
		for _, addr := range found {
			m.found(addr)
		}
	}
}

// found makes a candidate of a peer in the local network, while there is room for such. Anybody there can
// send anything: names are not looked up, and what is said of a peer with addresses is not added to them.
func (m *Mesh) found(addr string) {
	info, err := parseAddress(addr)
	if err != nil || info.ID == m.host.ID() {
		return
	}
	info.Addrs = slices.DeleteFunc(info.Addrs, func(a ma.Multiaddr) bool {
		_, err := manet.ToIP(a)
		return err != nil
	})
	if len(info.Addrs) == 0 || len(m.host.Peerstore().Addrs(info.ID)) >= lanAddrs {
		return
	}
	m.mu.Lock()
	c := m.candidates[info.ID]
	if c == nil && m.nearby() < lanPeers && len(m.candidates) < maxCandidates {
		c = &candidate{nearby: true}
		m.candidates[info.ID] = c
		m.redial = true
	}
	m.mu.Unlock()
	if c != nil {
		m.host.Peerstore().AddAddrs(info.ID, info.Addrs, 2*lanEvery)
		m.rouse()
	}
}

// nearby counts the candidates that are only known from the local network. The caller holds mu.
func (m *Mesh) nearby() (n int) {
	for _, c := range m.candidates {
		if c.nearby {
			n++
		}
	}
	return n
}

func lanQuestion() ([]byte, error) {
	name, err := dnsmessage.NewName(lanName)
	if err != nil {
		return nil, fmt.Errorf("write question: %w", err)
	}
	msg := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET}}}
	return msg.Pack()
}

func lanResponse(addrs []string) ([]byte, error) {
	name, err := dnsmessage.NewName(lanName)
	if err != nil {
		return nil, fmt.Errorf("write answer: %w", err)
	}
	var txt []string
	for _, a := range addrs {
		if s := lanPrefix + a; len(s) <= 255 && len(txt) < lanAddrs {
			txt = append(txt, s)
		}
	}
	msg := dnsmessage.Message{
		Header: dnsmessage.Header{Response: true, Authoritative: true},
		Answers: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: uint32(lanEvery / time.Second)},
			Body:   &dnsmessage.TXTResource{TXT: txt},
		}},
	}
	return msg.Pack()
}

// readLAN reports whether a packet asks for nodes, and the addresses it tells of.
func readLAN(packet []byte) (asks bool, addrs []string) {
	var p dnsmessage.Parser
	if _, err := p.Start(packet); err != nil {
		return false, nil
	}
	for range lanRecords {
		q, err := p.Question()
		if err != nil {
			break
		}
		asks = asks || strings.EqualFold(q.Name.String(), lanName)
	}
	if p.SkipAllQuestions() != nil {
		return asks, nil
	}
	for range lanRecords {
		h, err := p.AnswerHeader()
		if err != nil {
			break
		}
		if h.Type != dnsmessage.TypeTXT || !strings.EqualFold(h.Name.String(), lanName) {
			if p.SkipAnswer() != nil {
				break
			}
			continue
		}
		txt, err := p.TXTResource()
		if err != nil {
			break
		}
		for _, s := range txt.TXT {
			if a, ok := strings.CutPrefix(s, lanPrefix); ok && len(addrs) < lanAddrs {
				addrs = append(addrs, a)
			}
		}
	}
	return asks, addrs
}
