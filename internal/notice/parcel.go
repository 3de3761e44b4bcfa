package notice

import (
	"fmt"
	"time"
)

// Message is what goes through a channel. It holds no secret.
type Message struct {
	ID    string // the same at every try: receivers tell repeats by it
	To    string // an address or name; empty: whoever reads the channel
	Title string // one line
	Text  string
	HTML  string // empty: Text alone
	Data  []byte // JSON, for machines
}

// State is where a parcel stands.
type State string

// The states of a parcel.
const (
	Pending State = "pending"
	Sent    State = "sent"
	Dead    State = "dead" // given up; the fallback is told
)

// Parcel is a message on its way through one channel. It is written down before
// it is sent, and its outcome after: it may arrive twice, under the same ID, and
// is never lost.
type Parcel struct {
	Message
	Channel string // its name, which holds no secret
	State   State
	Alert   bool // about a parcel that died: nobody is told if it dies too
	Made    time.Time
	Tries   int
	Next    time.Time // not tried before
	Error   string    // of the last try
}

const (
	// MostTries is how often a parcel is tried before it is given up: with the
	// pauses between, for two and a half days at least.
	MostTries = 12

	firstPause   = 5 * time.Minute
	longestPause = 12 * time.Hour
)

// Due reports whether the parcel is to be tried now.
func (p Parcel) Due(now time.Time) bool { return p.State == Pending && !now.Before(p.Next) }

// Delivered is the parcel after it was sent.
func (p Parcel) Delivered(now time.Time) Parcel {
	p.State, p.Tries, p.Error, p.Next = Sent, p.Tries+1, "", now
	return p
}

// Failed is the parcel after a try that failed: tried again after a pause that
// doubles, or dead where it was the last or the receiver has refused for good.
func (p Parcel) Failed(why string, refused bool, now time.Time) Parcel {
	p.Tries++
	p.Error, p.Next = why, now.Add(pauseAfter(p.Tries))
	if refused || p.Tries >= MostTries {
		p.State = Dead
	}
	return p
}

func pauseAfter(tries int) time.Duration {
	pause := firstPause
	for i := 1; i < tries && pause < longestPause; i++ {
		pause *= 2
	}
	return min(pause, longestPause)
}

// Alarm is what the fallback is told of a parcel that died, through each of the
// channels; none where the parcel was an alarm itself.
func (p Parcel) Alarm(fallback string, channels []string, now time.Time) []Parcel {
	if p.State != Dead || p.Alert {
		return nil
	}
	var out []Parcel
	for _, c := range channels {
		m := Message{
			ID: ID("alarm", p.ID, c), To: fallback, Title: "Keytend: a notice could not be delivered: " + p.Title,
			Text: fmt.Sprintf("This notice for %s could not be sent through %s. It was tried %d times; the last error was:\n%s\n\n%s",
				named(p.To), p.Channel, p.Tries, p.Error, p.Text),
			Data: p.Data,
		}
		out = append(out, Parcel{Message: m, Channel: c, State: Pending, Alert: true, Made: now, Next: now})
	}
	return out
}

func named(to string) string {
	if to == "" {
		return "nobody in particular"
	}
	return to
}
