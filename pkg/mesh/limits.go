package mesh

import (
	"time"

	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
)

// Every limit of the mesh, with its reason. Each bounds what a peer can make us hold, send or do.
const (
	// Connections. A member needs about ten; the rest is room for those who dial us.
	connLow       = 96               // trim down to this many
	connHigh      = 160              // begin to trim above this many
	connGrace     = 30 * time.Second // a hello is over by then
	connRate      = 4                // new connections a second from one address; loopback is exempt
	connBurst     = 32
	maxConns      = 480
	maxInbound    = 384 // the rest is for what we dial
	maxConnsPeer  = 4   // both ends dial at once, over TCP and QUIC
	maxStreams    = 4096
	maxStreamPeer = 64
	maxMemory     = 128 << 20 // what all connections and streams may reserve together
	maxMemoryPeer = 32 << 20  // QUIC and yamux windows of one peer
	maxFD         = 512
	muxerPatience = 30 * time.Second // 240 kB at 64 kbit/s

	// Of maxInbound; what these shares leave is for members. Loopback is exempt from what is by address.
	maxHandshakes      = 96 // connections over TCP that have shown no key yet
	handshakesOrigin   = 8
	maxQUICHandshakes  = 64 // over QUIC, where one ends by itself, after 10 seconds at the latest
	quicOrigin         = 4
	quicUnverified     = 16                  // from then on an address must prove to be the caller's, which takes it one more round trip
	strangeConns       = 2*maxStrangers + 16 // those who have to go are there for a moment yet
	strangeConnsOrigin = 16                  // a room of teams that join behind one address
	strangeConnsPeer   = 2
	connsTeam          = 16 // a team's; beyond it they are strangers', whatever its root delegated

	// Streams that one peer opens. A body takes one for each chunk of 256 KiB; a stranger has no use but hello.
	streamRate          = 1000 // a second, sustained
	streamBurst         = 4000
	streamRateStranger  = 10
	streamBurstStranger = 50
	paceLook            = time.Second // between two looks whether a peer is known
	maxPaces            = 1024        // peers remembered; a forgotten one has its burst again

	// Strangers: peers that the roster does not know.
	maxStrangers   = 32               // at once; one more takes the place of the oldest, or is refused
	strangerLeast  = 2 * time.Second  // before which none has to go
	strangerLinger = 20 * time.Second // time to say hello and become known; a member that does not is greeted then, and left after helloTimeout more

	crowdRate    = 4 // hellos a second that all strangers together are answered
	crowdBurst   = 32
	originRate   = 0.5 // of those, from one address; loopback is exempt, as for connections
	originBurst  = 8
	maxOrigins   = 1024 // addresses remembered; a forgotten one has its burst again
	maxObservers = 32   // connected at once; beyond it the oldest goes

	// What a connection is worth when libp2p has too many.
	weightOwn      = 40
	weightFellow   = 20
	weightObserver = 5

	// Members we keep connections to, by our own dialling.
	wantPerCommunity = 10  // gossip needs D; the rest is slack for those that vanish
	wantPerTeam      = 3   // of those, nodes of one team
	maxCandidates    = 512 // known addresses the reconnector holds
	maxDials         = 4   // at once; each costs a handshake
	dialTimeout      = 10 * time.Second
	backoffFirst     = time.Second
	backoffStatic    = 30 * time.Second // a static peer is the way back after a long night
	backoffMember    = 2 * time.Minute
	backoffAlone     = 30 * time.Second // for everybody while no member is connected
	dialLook         = 30 * time.Second // whom to dial is asked again, though nothing said so
	maxDialsTold     = 32               // in the list of those that are tried
	maxWhy           = 200              // bytes of why one failed
	helloFailures    = 6                // in a row, after which the connection is made anew
	linkProven       = 10 * time.Second // one that ends before this counts as a failed dial
	reviewEvery      = time.Minute      // the roster is asked again about every peer
	addressesReload  = 10 * time.Minute // addresses learnt from hello are re-read at the latest then

	// Streams of ours, each way. A handler beyond the limit is reset, never queued.
	maxHandlers     = 64
	maxHandlersPeer = 8
	maxHandlersTeam = 24
	strangeHandlers = 32          // of maxHandlers, for all strangers together: the rest is the members'
	strangePeer     = 2           // for one of them; a hello needs one
	streamPiece     = 4 << 10     // written at once: half a second at 64 kbit/s
	streamLull      = time.Minute // without a byte; what others sent before may fill a thin line for long
	streamLeast     = 256         // bytes a second on the whole, after streamGrace
	streamGrace     = 2 * time.Minute
	streamMost      = 24 * time.Hour // whatever its progress; what is wanted still has another stream

	// What is sent at once follows what the line carries, see pace.go.
	portionTime  = 4 * time.Second // that a portion should take
	portionLeast = 16 << 10        // two seconds at 64 kbit/s; also the first, before anything was measured
	paceSample   = 4 << 10         // less tells the delay, not the line
	thinRate     = 32 << 10        // bytes a second, below which one session at a time uses the line
	lineMemory   = 10 * time.Minute

	// What the nodes of one team may have us send, over all connections. Ten members give a newcomer ten times that.
	teamPace         = 1 << 20 // bytes a second of answers, sustained
	teamBurst        = 64 << 20
	teamSessions     = 4.0 // a second that it begins, sustained: each is a look at a whole channel
	teamSessionBurst = 128
	teamHellos       = 4.0
	teamHelloBurst   = 64
	crowdPace        = 128 << 10 // as teamPace, for all strangers together
	crowdBytes       = 2 << 20
	paceWait         = 20 * time.Second // an answer waits for its pace; one that would longer is refused
	maxTeams         = 4096             // remembered; a forgotten one has its burst again

	// Hello.
	maxHello       = 256 << 10        // bytes of all messages of one side
	maxHave        = 5000             // statement IDs in one hello: 160 kB
	helloShelves   = 256              // on which statements are compared
	windowShare    = 4                // of a portion is the list of IDs, the rest what it shows to be lacking
	helloInVain    = 32               // hellos in a row that compared a part and moved nothing, before the next waits for news
	helloTimeout   = 60 * time.Second // a stranger's, whatever its progress
	helloEvery     = 2 * time.Second  // per peer, sustained; statements that come in between share one
	helloBurst     = 6
	helloSettle    = 300 * time.Millisecond // news is collected for this long before it is told on
	maxHelloFrames = 256
	takeInPasses   = 4                       // a delegation rests on an admission, that on a charter
	maxAddress     = 4 << 10                 // one signed peer record
	maxAddressSent = 32                      // of fellow members, in one hello
	helloBudget    = maxHello - 64<<10       // what frames may fill at most; the rest is for addresses and the form
	helloLeast     = record.MaxStatement + 4 // at least: one of any kind, six seconds at 64 kbit/s
	addressBudget  = 60 << 10

	// Frames in batches: sync and direct.
	batchFrames = 100
	batchBytes  = 1 << 20 // a batch ends with the frame that would exceed it
	maxBatch    = batchBytes + record.MaxFrame + 4*batchFrames + 64

	// Sync.
	syncPeriod   = 5 * time.Minute  // plus or minus a fifth
	syncRest     = 10 * time.Second // between two sessions that something missed in gossip asks for
	syncSettle   = 500 * time.Millisecond
	syncSpread   = 2 * time.Second  // sessions that pass on what one brought begin within this
	syncWindow   = 2048             // IDs wanted at once, at most
	windowLeast  = 16               // of them, before the line is known
	windowRecord = 1 << 10          // bytes that a record is taken to have when a window is sized
	claimTime    = time.Minute      // that what is wanted of one peer is wanted of no other
	compareTime  = 10 * time.Second // after which what was found is fetched before more is compared
	turnTime     = time.Minute      // that a session on a thin line goes on though others wait
	turnMost     = 90 * time.Second // then, though what it waits for has not come
	turnRest     = 20 * time.Second // before one that was told to wait asks again, plus or minus a fifth
	maxRound     = reconcile.MaxMessage + 2
	maxWant      = 2*(4+32*syncWindow) + 2
	maxSyncs     = 4   // sessions we have open at once, as the one who began
	maxSyncsTeam = 2   // of those, with one team: one that is slow on purpose leaves room for others
	maxSyncWants = 256 // sessions waiting to begin; more are dropped, the next period makes up for it

	// One that observes hears nothing by gossip: it greets a member and compares at random within these. An applicant
	// has people at the screen, who wait for alerts and sponsors; 32 of them are two sessions a second.
	watchLeast  = 10 * time.Second
	watchMost   = 20 * time.Second
	maxOwnWants = 64 // private channels compared at once with another node of our own

	// Direct and body.
	maxReason      = 64
	maxBodyMessage = record.ChunkSize + 32*(record.MaxBody/record.ChunkSize) + 64

	maxAnswer = 128 // a message that only says yes or no, or refuses in words

	// Keys.
	maxKeys        = 64      // of each kind in one message
	maxWrap        = 4 << 10 // a statement that hands over a key has under wrapSize
	wrapSize       = 3 << 10
	maxKeysMessage = 352 << 10       // both lists of frames or keys full
	keysEvery      = 2 * time.Second // between two messages of one peer that are answered, sustained
	keysBurst      = 6
	keysSettle     = 300 * time.Millisecond // what is unknown is collected for this long
	keysLook       = 30 * time.Second       // between two looks at what is wanted, though nothing said so
	keyAgain       = 4 * time.Second        // before a peer that had not a key is asked for it again; doubles
	keyAgainMost   = 30 * time.Minute
	maxKeySessions = 4    // at once, as the one who began
	maxKeyTries    = 8192 // (key, peer) pairs remembered
	maxWanted      = 512  // keys looked at in one turn
	maxAuthors     = 4096 // keys whose author is remembered

	// Gossip.
	gossipMessage  = 128 << 10 // a frame is at most 53 kB; an RPC may carry two
	gossipControl  = 64 << 10
	gossipQueue    = 1024 // per peer outbound; 32 loses bursts
	gossipValidate = 512  // validations at once and waiting; beyond it a message is dropped and fetched by sync
	gossipTimeout  = 10 * time.Second
	gossipSeen     = 10 * time.Minute
	gossipTopics   = 64               // communities of this node
	maxDenied      = 64               // subscriptions remembered per peer that were not allowed yet
	gateHold       = 10 * time.Second // a gossip stream of a peer that is not admitted yet
	renewAfter     = time.Second      // a hello under way ends before
	redialAfter    = 200 * time.Millisecond
	mendAfter      = 30 * time.Second // a member must be heard of by gossip when it is connected for this long
	mendAgain      = 10 * time.Minute // one that stays silent is not renewed more often

	// The local network.
	lanPacket  = 9000 // RFC 6762, section 17
	lanFirst   = 2 * time.Second
	lanEvery   = 2 * time.Minute // between questions, once it is quiet
	lanAnswer  = time.Second     // between answers; a question is answered to all
	lanAddrs   = 16
	lanPeers   = 32 // candidates from it; one that cannot be dialled is forgotten
	lanDials   = 1  // of maxDials
	lanRecords = 32 // looked at in one packet
)
