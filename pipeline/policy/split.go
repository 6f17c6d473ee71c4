package policy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// MaxAttached is the number of managed policies that a role can have, unless AWS has
// raised the quota for the account:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const MaxAttached = 10

// ErrStatement reports a statement that is too large and cannot be cut.
var ErrStatement = errors.New("statement cannot be split")

// Split cuts a document into documents of at most limit characters. Attached to the
// same role, they mean together what the document means alone.
//
// A statement about a list of actions or resources, or with a list of values in its
// condition, is cut into one statement for each part of the list. A statement about
// everything except a list is not: two halves would be about everything. [classes]
// says how it is cut.
//
// Its error wraps ErrStatement.
func (d Document) Split(limit int) ([]Document, error) {
	if d.Size() <= limit {
		return []Document{d}, nil
	}
	p := &packer{room: limit - newDocument([]Statement{}).Size()}
	for i, s := range d.Statement {
		if err := p.add(i, s); err != nil {
			return nil, err
		}
	}
	p.pack()
	return p.documents(d), nil
}

// A packer puts statements into documents.
type packer struct {
	room   int // of an empty document
	solid  []piece
	liquid []piece // lists that can be cut anywhere
	filled []filled
}

// A filled is the content of a document.
type filled struct {
	pieces []piece
	room   int // that is left
}

// A piece is a statement or a part of one.
type piece struct {
	Statement
	of   int  // the place of its statement in the document
	part bool // its Sid needs a number
	cost int  // characters, with the comma before it
}

// numbered is what the number of a piece adds to its Sid at most.
const numbered = 4

func newPiece(of int, s Statement, part bool) piece {
	p := piece{Statement: s, of: of, part: part, cost: s.size() + 1}
	if part {
		p.cost += numbered
	}
	return p
}

// add takes a statement, in parts if it is too large.
func (p *packer) add(of int, s Statement) error {
	whole := newPiece(of, s, false)
	at, list := s.longest()
	switch {
	case len(list) > 1 && !at.negated() && whole.cost > p.room/4:
		// A part has at least one member of the list.
		for _, member := range list {
			if one := newPiece(of, s.with(at, List{member}), true); one.cost > p.room {
				return p.refuse(one)
			}
		}
		p.liquid = append(p.liquid, whole)
	case whole.cost <= p.room:
		p.solid = append(p.solid, whole)
	case len(list) > 1 && at.negated():
		base := newPiece(of, s.with(at, List{"", ""}), true).cost - 2*listed("")
		lists, ok := classes(list, p.room-base)
		if !ok {
			return p.refuse(whole)
		}
		for _, part := range lists {
			p.solid = append(p.solid, newPiece(of, s.with(at, part), true))
		}
	default:
		return p.refuse(whole)
	}
	return nil
}

func (p *packer) refuse(what piece) error {
	return fmt.Errorf("%w: %s has %d characters, and one document has room for %d", ErrStatement, what.Sid, what.cost, p.room)
}

// pack puts the large statements into documents first, then cuts lists to fill them, and
// fills the rest with the small statements.
func (p *packer) pack() {
	descending := func(a, b piece) int { return cmp.Compare(b.cost, a.cost) }
	slices.SortStableFunc(p.solid, descending)
	slices.SortStableFunc(p.liquid, descending)
	small := slices.IndexFunc(p.solid, func(s piece) bool { return s.cost < p.room/8 })
	if small < 0 {
		small = len(p.solid)
	}
	for _, s := range p.solid[:small] {
		p.put(s)
	}
	for _, s := range p.liquid {
		p.pour(s)
	}
	for _, s := range p.solid[small:] {
		p.put(s)
	}
}

// put adds a piece to the document where it leaves the least room.
func (p *packer) put(s piece) {
	best := -1
	for i, f := range p.filled {
		if f.room >= s.cost && (best < 0 || f.room < p.filled[best].room) {
			best = i
		}
	}
	if best < 0 {
		best = len(p.filled)
		p.filled = append(p.filled, filled{room: p.room})
	}
	p.filled[best].pieces = append(p.filled[best].pieces, s)
	p.filled[best].room -= s.cost
}

// pour cuts a list so that its parts fill the documents, those with the most room first.
func (p *packer) pour(s piece) {
	at, list := s.longest()
	for whole := true; len(list) > 0; whole = false {
		rest := newPiece(s.of, s.with(at, list), !whole)
		roomiest := -1
		for i, f := range p.filled {
			if roomiest < 0 || f.room > p.filled[roomiest].room {
				roomiest = i
			}
		}
		if roomiest < 0 || p.filled[roomiest].room < min(rest.cost, p.room/4) {
			roomiest = len(p.filled)
			p.filled = append(p.filled, filled{room: p.room})
		}
		room := p.filled[roomiest].room
		if rest.cost <= room {
			p.put(rest)
			return
		}
		n, cost := 0, newPiece(s.of, s.with(at, List{"", ""}), true).cost-2*listed("")
		for ; n < len(list) && cost+listed(list[n]) <= room; n++ {
			cost += listed(list[n])
		}
		n = max(n, 1) // add has checked that one fits into an empty document
		part := newPiece(s.of, s.with(at, list[:n]), true)
		if part.cost > room {
			p.filled = append(p.filled, filled{room: p.room})
			roomiest = len(p.filled) - 1
		}
		p.filled[roomiest].pieces = append(p.filled[roomiest].pieces, part)
		p.filled[roomiest].room -= part.cost
		list = list[n:]
	}
}

// documents returns the documents, with the statements of each in the order of d.
func (p *packer) documents(d Document) []Document {
	taken := map[string]bool{}
	for _, s := range d.Statement {
		taken[s.Sid] = true
	}
	for _, f := range p.filled {
		slices.SortStableFunc(f.pieces, func(a, b piece) int { return cmp.Compare(a.of, b.of) })
	}
	slices.SortStableFunc(p.filled, func(a, b filled) int { return cmp.Compare(a.pieces[0].of, b.pieces[0].of) })
	var all []Document
	for _, f := range p.filled {
		one := Document{Version: d.Version}
		for _, s := range f.pieces {
			if s.part && s.Sid != "" {
				sid := s.Sid
				for n := 1; taken[s.Sid]; n++ {
					s.Sid = sid + strconv.Itoa(n)
				}
				taken[s.Sid] = true
			}
			one.Statement = append(one.Statement, s.Statement)
		}
		all = append(all, one)
	}
	return all
}

// size returns the number of characters of a statement.
func (s Statement) size() int {
	return Document{Statement: []Statement{s}}.Size() - Document{Statement: []Statement{}}.Size()
}

// listed returns the number of characters that a member adds to a list.
func listed(member string) int {
	b, err := json.Marshal(member)
	if err != nil {
		return 0 // cannot happen: strings always marshal
	}
	return utf8.RuneCount(b) + 1
}
