package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/rfc2350"
)

func profile(name string) *notice.Profile {
	return &notice.Profile{
		Language: "en", Name: name, Parent: "Ministry A",
		Document: notice.ProfileDocument{Updated: testNow()}, Contact: notice.Contact{Email: []string{"csirt@example.org"}},
		Availability: notice.Availability{TimeZone: "UTC", Hours: []notice.Hours{{Days: []string{"mon"}, From: "09:00", To: "17:00"}}},
		Disclosure:   []notice.Duty{{To: notice.DutyLawEnforcement, Name: "Police", Obligation: notice.ObligationOnOrder}},
		Roles:        []notice.RoleClaim{{Role: notice.RoleNational, Scope: "KE", Endorsers: []notice.Endorser{{Name: "Regulator"}}}},
		Conduct:      notice.Conduct{NoMaliciousActivity: true},
	}
}

// TestProfileDraftComesBack: what the template writes of a profile, the reader of drafts reads.
func TestProfileDraftComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.OneOf(rapid.StringMatching(`[ -~\x{a1}-\x{ff}\x{4e00}]{0,40}`), rapid.SampledFrom([]string{`"""`, `\`, `a\"b`, "# x", "[x]", `'`}))
		prose := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(line, 0, 4).Draw(t, "lines"), "\n") })
		p := profile("N" + line.Draw(t, "name"))
		p.ShortName, p.Disclaimers, p.Charter.Mission = line.Draw(t, "short"), prose.Draw(t, "disclaimers"), prose.Draw(t, "mission")
		p.Contact.Telephone = rapid.SliceOfN(line, 0, 3).Draw(t, "telephone")
		p.Constituency.ASNs, p.Constituency.Description = []uint32{64500}, prose.Draw(t, "constituency")
		p.Availability.Holidays = []notice.Holiday{{From: "12-25", Name: line.Draw(t, "holiday")}}
		p.Disclosure[0].Text = prose.Draw(t, "duty")
		p.Roles[0].Text = prose.Draw(t, "ground")
		p.Roles[0].Endorsers = append(p.Roles[0].Endorsers, notice.Endorser{Name: "E" + line.Draw(t, "endorser"), Team: tid(3)})
		p.RedDesk = []notice.Person{{Name: "P" + line.Draw(t, "person")}}
		p.Conduct.Text = "\u2066" + prose.Draw(t, "own words") + "\u2069" // isolates are written as escapes
		p.OpenPGP = &notice.OpenPGP{Fingerprint: strings.Repeat("AB", 20)}
		p.Normalise()
		text := profileDraft(p, "a\nb")
		text = strings.Replace(text, "# updated", "updated", 1)
		back, err := decodeProfile("draft", []byte(text), testNow().Add(time.Hour))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !reflect.DeepEqual(p, back) {
			t.Fatalf("got back\n%+v\nwant\n%+v\n%s", back, p, text)
		}
	})
}

// TestProfileExamplesAreRight takes the mark from every commented line of the empty draft.
func TestProfileExamplesAreRight(t *testing.T) {
	p := profile("CSIRT Example")
	p.Availability, p.Disclosure, p.Roles, p.Conduct = notice.Availability{}, nil, nil, notice.Conduct{}
	var lines []string
	for l := range strings.Lines(profileDraft(p)) {
		l = strings.TrimSuffix(l, "\n")
		rest, comment := strings.CutPrefix(l, "# ")
		if key, _, ok := strings.Cut(rest, " = "); comment && (strings.HasPrefix(rest, "[") && strings.HasSuffix(rest, "]") || ok && !strings.ContainsAny(key, " :")) {
			l = rest
		}
		lines = append(lines, l)
	}
	text := strings.Join(lines, "\n")
	text = strings.Replace(text, `fingerprint = ""`, `fingerprint = "`+strings.Repeat("AB", 20)+`"`, 1)
	got, err := decodeProfile("draft", []byte(text), testNow())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(got.RedDesk) != 1 || len(got.Roles) != 1 || len(got.Roles[0].Endorsers) != 1 || len(got.Disclosure) != 1 || len(got.Availability.Hours) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestProfileMistakesHaveTheirPlace(t *testing.T) {
	head := "language = \"en\"\nname = \"x\"\n[document]\n[contact]\nemail = [\n\"a@example.org\",\n\"b\"]\n"
	for _, c := range []struct{ text, want string }{
		{head, `p.toml:7: contact.email[1] "b" is not a mail address`},
		{"langage = \"en\"", "p.toml:1: langage is not a field of a profile"},
		{"[contact]\nmail = [\"a\"]", "did you mean email?"},
		{"name = 7", "p.toml:1: name"},
		{"name = \"x", "p.toml:1"},
		{"language = \"en\"\nname=\"x\"\n[document]\n[contact]\ntelephone=[\"1\"]\n[[roles]]\nrole=\"king\"", `p.toml:7: roles[0].role "king" is not a known role`},
		{"[constituency]\nprefixes = [\"10.0.0.0/33\"]", "p.toml:2: constituency.prefixes[0]"},
		{strings.Repeat("a=[", 5000), "p.toml:"},
	} {
		_, err := decodeProfile("p.toml", []byte(c.text), testNow())
		if err == nil || !strings.Contains(err.Error()+hintOf(err), c.want) {
			t.Errorf("%.60q: got %v, want %s", c.text, err, c.want)
		}
	}
}

func hintOf(err error) string {
	if u, ok := err.(*userError); ok { //nolint:errorlint // as it was made
		return u.Hint
	}
	return ""
}

func TestProfilePublish(t *testing.T) {
	f := newFake(t)
	f.answers["POST /v1/profile"] = api.ProfilePublished{Statement: [32]byte{1}, Bytes: 7, Reaches: 2}
	path := filepath.Join(f.home, profileFile)
	if err := os.WriteFile(path, []byte(profileDraft(profile("CSIRT Example"))), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := f.ok("profile", "publish"); !strings.HasPrefix(out, "s") || len(out) != 57 {
		t.Errorf("stdout %q is not the ID alone", out)
	}
	var got api.ProfileDraft
	f.got("POST /v1/profile", &got)
	if got.Profile.Name != "CSIRT Example" || !got.Profile.Document.Updated.Equal(testNow()) {
		t.Errorf("sent %+v", got.Profile)
	}
}

func TestProfileExportAndImport(t *testing.T) {
	f := newFake(t)
	p := profile("CSIRT Example")
	p.Charter.Mission = "To " + evil
	f.answers["GET /v1/profile"] = api.ProfileView{Team: team(1, "CERT-A"), Profile: p}
	text := f.ok("profile", "export", "--rfc2350")
	for _, want := range []string{"1. Document Information\n", "2.1 Name of the Team\n", "7. Disclaimers\n", "5.1.1 Incident Triage\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	file := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	draft := filepath.Join(t.TempDir(), "a.toml")
	f.ok("profile", "import", "-o", draft, file)
	back, err := readProfile(testEnv(nil, nil), draft)
	if err != nil {
		t.Fatal(err)
	}
	want := rfc2350.Carried(p)
	want.Charter.Mission = back.Charter.Mission
	want.Normalise()
	back.Document.Updated = want.Document.Updated
	if !reflect.DeepEqual(back, want) {
		t.Errorf("got back\n%+v\nwant\n%+v", back, want)
	}
	if err := os.WriteFile(file, []byte("1. Document Information\n\n1.1 Date of Last Update\n\nlast week "+evil+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := f.run("profile", "import", "-o", "-", file)
	if code != 3 || !strings.Contains(errs, "line 5: 1.1 Date of Last Update: no date was understood") || !strings.Contains(out, "# line 5: ") {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
}

func TestProfileEdit(t *testing.T) {
	f := newFake(t)
	f.answers["GET /v1/profile"] = api.ProfileView{Team: team(1, "CERT-A"), Profile: profile("CSIRT Example")}
	f.answers["POST /v1/profile"] = api.ProfilePublished{}
	run := func(editor string, args ...string) (int, string) {
		var out, errs strings.Builder
		e := testEnv(append([]string{"--home", f.home, "profile", "edit"}, args...), &out)
		e.Stderr = &errs
		e.Getenv = func(name string) string {
			if name == "EDITOR" {
				return editor
			}
			return ""
		}
		return run(t.Context(), e), errs.String()
	}
	if code, errs := run(`sed -i "s/CSIRT Example/CSIRT Other/"`, "--publish"); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var got api.ProfileDraft
	f.got("POST /v1/profile", &got)
	if got.Profile.Name != "CSIRT Other" {
		t.Errorf("published %+v", got.Profile)
	}
	if code, errs := run(`sed -i "s/^name/nome/"`); code != 2 || !strings.Contains(errs, "nome is not a field") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, errs := run("false"); code != 1 || !strings.Contains(errs, "did not end well") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func teamView() api.TeamView {
	p := profile(evil)
	p.ShortName, p.Parent, p.Contact.Address, p.Disclosure[0].Text, p.Roles[0].Scope = evil, evil, evil, evil, evil
	p.Roles[0].Endorsers[0].Name, p.Disclosure[0].Name, p.Availability.TimeZone, p.Availability.Hours[0].Days[0] = evil, evil, evil, evil
	p.OpenPGP = &notice.OpenPGP{Fingerprint: evil, Key: evil, Signature: evil}
	p.RedDesk = []notice.Person{{Name: evil, Fingerprint: evil}}
	p.Constituency.Domains = []string{evil}
	return api.TeamView{
		TeamEntry: api.TeamEntry{
			Team: team(2, evil), Communities: []api.CommunityRef{{Name: evil}}, Profile: true,
			Trust: api.Trust{
				Level: api.TrustVouched, Vouchers: []api.Team{team(3, evil)}, Parents: 1, Pin: &api.Pin{At: testNow(), How: evil, Note: evil},
				Why: []api.TrustStep{{Kind: "pin", To: team(3, evil)}, {Kind: "vouch", From: team(3, evil), To: team(2, evil)}, {Kind: evil, From: team(3, evil)}},
			},
		},
		Words: identity.Words(tid(2)), Asked: evil, Nodes: []api.TeamNode{{State: evil}}, Successors: []api.Team{team(5, evil)},
		Vouches: []api.VouchView{{By: team(3, evil), Name: evil, Parent: evil, Met: evil}},
		Profile: &api.ProfileView{Team: team(2, evil), Profile: p, Odd: []api.Field{{Field: evil, Problem: evil}}},
	}
}

func TestTeamsAreShownHarmless(t *testing.T) {
	f := newFake(t)
	v := teamView()
	f.answers["GET /v1/teams"] = api.Teams{Teams: []api.TeamEntry{v.TeamEntry}}
	f.answers["GET /v1/teams/x"] = v
	unread := v
	unread.Profile = &api.ProfileView{Team: team(2, evil), Unread: evil}
	f.answers["GET /v1/teams/y"] = unread
	f.answers["POST /v1/teams/x/vouch"] = api.Vouched{Team: team(2, evil)}
	f.answers["POST /v1/teams/x/withdraw-vouch"] = api.Vouched{Team: team(2, evil)}
	f.answers["POST /v1/teams/x/unpin"] = v
	for _, line := range []string{
		"team list", "team show x", "team show y", "profile show x", "profile export x", "profile export --rfc2350 x", "team vouch x",
		"team withdraw-vouch x", "team unpin x", "team list --json", "team show --json x",
	} {
		f.ok(strings.Fields(line)...)
	}
	if code, _, _ := f.run("profile", "show", "y"); code != 1 {
		t.Errorf("a profile that cannot be read: exit %d", code)
	}
}

func TestTeamPinCompares(t *testing.T) {
	f := newFake(t)
	v := teamView()
	f.answers["GET /v1/teams/CERT-B"] = v
	f.answers["POST /v1/teams/"+tid(2).String()+"/pin"] = v
	for _, c := range []struct {
		typed string
		code  int
		how   string
	}{
		{tid(2).String(), 0, "fingerprint"},
		{identity.Groups(tid(2).String()), 0, "fingerprint"},
		{strings.Join(identity.Words(tid(2)), " "), 0, "words"},
		{tid(3).String(), 11, ""},
		{strings.Join(identity.Words(tid(3)), " "), 11, ""},
		{"CERT-B", 2, ""},
		{"", 2, ""},
	} {
		delete(f.asked, "POST /v1/teams/"+tid(2).String()+"/pin")
		code, out, errs := f.run("team", "pin", "--fingerprint", c.typed, "CERT-B")
		if code != c.code {
			t.Errorf("%q: exit %d: %s", c.typed, code, errs)
		}
		if c.how == "" {
			if f.asked["POST /v1/teams/"+tid(2).String()+"/pin"] != nil || out != "" {
				t.Errorf("%q was pinned", c.typed)
			}
			continue
		}
		var got api.PinDraft
		f.got("POST /v1/teams/"+tid(2).String()+"/pin", &got)
		if got.How != c.how {
			t.Errorf("%q: noted as %q", c.typed, got.How)
		}
	}
}

// TestOpenPGPWithGPG makes a key with the gpg of this machine as the manual says, and checks by the lines that are printed.
func TestOpenPGPWithGPG(t *testing.T) {
	gpg, err := exec.LookPath("gpg")
	if err != nil {
		t.Skip("no gpg on this machine")
	}
	home, err := os.MkdirTemp("", "gpg") //nolint:usetesting // the name of a test's directory is too long for gpg's socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	sh := func(dir, line string) (string, error) {
		// Into a file: the agent that gpg leaves behind would hold a pipe open.
		said, err := os.Create(filepath.Join(home, "said"))
		if err != nil {
			t.Fatal(err)
		}
		defer said.Close()
		cmd := exec.CommandContext(t.Context(), "timeout", "20", "sh", "-c", line)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GNUPGHOME="+home, "LC_ALL=C")
		cmd.Stdout, cmd.Stderr = said, said
		err = cmd.Run()
		out, _ := os.ReadFile(said.Name())
		return string(out), err
	}
	t.Cleanup(func() { _ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() })
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "id.txt"), []byte(notice.SignedText(tid(2))), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		gpg + " --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key 'CERT-B <b@example.org>' ed25519 sign never",
		gpg + " --batch --pinentry-mode loopback --armor --detach-sign --output id.txt.asc id.txt",
		gpg + " --armor --export-options export-minimal --export > key.asc",
	} {
		if out, err := sh(dir, line); err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	p := profile("CERT-B")
	p.OpenPGP = &notice.OpenPGP{Key: read("key.asc"), Signature: read("id.txt.asc")}
	if p.OpenPGP.Fingerprint, err = notice.KeyFingerprint(p.OpenPGP.Key); err != nil {
		t.Fatal(err)
	}
	p.Normalise()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	if out, err := sh(dir, "gpg --list-keys --with-colons"); err != nil || !strings.Contains(out, p.OpenPGP.Fingerprint) {
		t.Errorf("gpg knows another fingerprint than %s: %s", p.OpenPGP.Fingerprint, out)
	}
	f := newFake(t)
	v := teamView()
	v.Profile = &api.ProfileView{Team: team(2, "CERT-B"), Profile: p}
	f.answers["GET /v1/teams/CERT-B"] = v
	out := filepath.Join(t.TempDir(), "b")
	lines := f.ok("team", "openpgp", "-o", out, "CERT-B")
	for line := range strings.Lines(lines) {
		if said, err := sh(dir, line); err != nil {
			t.Errorf("%s: %v\n%s", line, err, said)
		}
	}
	if err := os.WriteFile(filepath.Join(out, "id.txt"), []byte(notice.SignedText(tid(3))), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := sh(out, "gpg --verify id.txt.asc id.txt"); err == nil {
		t.Errorf("the signature holds for another team too: %s", said)
	}
	if code, _, errs := f.run("team", "openpgp", "-o", out, "CERT-B"); code != 1 || !strings.Contains(errs, "exists already") {
		t.Errorf("a second time: exit %d: %s", code, errs)
	}
}
