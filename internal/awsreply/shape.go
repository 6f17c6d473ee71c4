package awsreply

import (
	"fmt"
	"strings"
	"sync"
)

// A shape is a member with its place in the reply. A nil shape is that of a value
// that is in no table.
type shape struct {
	member
	name    string   // the last part of the path
	members []*shape // of an object, in the order of the table
	item    *shape   // of a list
}

// shapes has the shape of each operation's reply.
var shapes = sync.OnceValue(func() map[string]*shape {
	all := make(map[string]*shape)
	for operation, members := range operations() {
		all[operation] = shapeOf(members)
	}
	return all
})

// shapeOf returns the shape of a reply with these members. A member follows the
// object or list that it is in.
func shapeOf(members []member) *shape {
	reply := &shape{}
	at := map[string]*shape{"": reply}
	for _, m := range members {
		s := &shape{member: m, name: m.path}
		at[m.path] = s
		if of, isItem := strings.CutSuffix(m.path, "[]"); isItem {
			at[of].item = s
			continue
		}
		in := reply
		if dot := strings.LastIndexByte(m.path, '.'); dot >= 0 {
			in, s.name = at[m.path[:dot]], m.path[dot+1:]
		}
		in.members = append(in.members, s)
	}
	return reply
}

// size returns how many members are known.
func (s *shape) size() int {
	if s == nil {
		return 0
	}
	return len(s.members)
}

// find returns the index of the member with this name, -1 if it is not known.
func (s *shape) find(name []byte) int {
	if s != nil {
		for i, m := range s.members {
			if string(name) == m.name {
				return i
			}
		}
	}
	return -1
}

// each returns the shape of the items of a list.
func (s *shape) each() *shape {
	if s == nil {
		return nil
	}
	return s.item
}

// misfit returns what is wrong with the beginning of a value, or "".
func (s *shape) misfit(rest []byte) string {
	if s == nil || s.kind.fits(rest) {
		return ""
	}
	return fmt.Sprintf("has %s, which is %s", s.path, s.kind.misfit())
}

// absent reports the first required member that is missing in an object.
func (s *shape) absent(seen []mark) string {
	for i, m := range seen {
		if required := s.members[i]; m != full && required.without == "" {
			return "has no " + required.path
		}
	}
	return ""
}
