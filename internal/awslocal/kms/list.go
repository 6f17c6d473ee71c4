package kms

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

type listInput struct {
	KeyId  *string
	Limit  *int
	Marker *string
}

// page is one page of a list: the items after the marker, sorted by name. The marker is the name of the last item of
// the previous page.
type page struct {
	names     []string
	next      string
	truncated bool
}

// paginate returns a page of the sorted names.
func (in *listInput) paginate(names []string, standard, most int) (page, error) {
	limit := standard
	if in.Limit != nil {
		limit = *in.Limit
	}
	if err := checkRange("limit", limit, 1, most); err != nil {
		return page{}, err
	}
	if in.Marker != nil {
		after, err := readMarker(*in.Marker)
		if err != nil {
			return page{}, err
		}
		names = names[markerIndex(names, after):]
	}
	if len(names) <= limit {
		return page{names: names}, nil
	}
	p := page{names: names}
	p.cut(limit)
	return p, nil
}

// pageOf returns a page of entries, sorted by name, as the member list of the reply.
func pageOf[Entry any](in *listInput, list string, entries map[string]Entry, standard, most int) (any, error) {
	p, err := in.paginate(slices.Sorted(maps.Keys(entries)), standard, most)
	if err != nil {
		return nil, err
	}
	items := make([]Entry, len(p.names))
	for i, name := range p.names {
		items[i] = entries[name]
	}
	return p.output(list, items), nil
}

// cut ends a page after n items, before others.
func (p *page) cut(n int) {
	p.names = p.names[:n]
	p.next, p.truncated = base64.URLEncoding.EncodeToString([]byte(markerMagic+p.names[n-1])), true
}

const markerMagic = "after " // what a marker that was decoded begins with

var markerPattern = lazyregexp.New(`^[\x{20}-\x{FF}]*$`)

// readMarker returns the name of the last item of the previous page.
func readMarker(marker string) (string, error) {
	if err := checkLength("marker", marker, 1, 1024); err != nil {
		return "", err
	}
	if !markerPattern.MatchString(marker) {
		return "", constraint(" '"+marker+"'", "marker", `satisfy regular expression pattern: [\u0020-\u00FF]*`)
	}
	text, err := base64.URLEncoding.DecodeString(marker)
	after, made := strings.CutPrefix(string(text), markerMagic)
	if err != nil || !made {
		return "", call.NewError("InvalidMarkerException", "Could not deserialize marker")
	}
	return after, nil
}

// markerIndex finds the first name after the marker.
func markerIndex(names []string, after string) int {
	i, found := slices.BinarySearch(names, after)
	if found {
		i++
	}
	return i
}

// output returns the reply, with the members that every list has.
func (p page) output(member string, items any) map[string]any {
	out := map[string]any{member: items, "Truncated": p.truncated}
	if p.truncated {
		out["NextMarker"] = p.next
	}
	return out
}

// Whose keys ListKeys lists.
const (
	ownerSelf   = "SELF"
	ownerOthers = "OTHER_ACCOUNTS_VIA_RAM"
)

type listKeysInput struct {
	listInput
	ResourceOwners []string
}

// owners checks ResourceOwners. The default is the caller's account.
func (in *listKeysInput) owners() (self, others bool, err error) {
	if in.ResourceOwners == nil {
		return true, false, nil
	}
	if n := len(in.ResourceOwners); n < 1 || n > 2 {
		rule := map[bool]string{true: "have length greater than or equal to 1", false: "have length less than or equal to 2"}[n < 1]
		return false, false, constraint(" '["+strings.Join(in.ResourceOwners, ", ")+"]'", "resourceOwners", rule)
	}
	for _, owner := range in.ResourceOwners {
		switch owner {
		case ownerSelf:
			self = true
		case ownerOthers:
			others = true
		default:
			return false, false, constraint(" '["+strings.Join(in.ResourceOwners, ", ")+"]'", "resourceOwners",
				"satisfy constraint: [Member must satisfy enum value set: [SELF, OTHER_ACCOUNTS_VIA_RAM]]")
		}
	}
	return self, others, nil
}

// listKeys is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html, sorted by ARN. First come the account's own keys,
// then those that other accounts share, never both on one page. A marker is only for the same ResourceOwners.
func (s *Service) listKeys(r *call.Request, in *listKeysInput) (any, error) {
	self, others, err := in.owners()
	if err != nil {
		return nil, err
	}
	if err := allowPlain(r, "ListKeys", "*", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	prefix := map[bool]string{true: "self ", false: ""}[self] + map[bool]string{true: "others ", false: ""}[others]
	if in.Marker != nil {
		after, err := readMarker(*in.Marker)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(after, prefix+"/") {
			return nil, call.NewError("InvalidMarkerException", "Could not deserialize marker")
		}
	}
	own, shared := s.keysFor(r, prefix, self, others)
	p, err := in.paginate(slices.Concat(own, shared), 100, 1000)
	if err != nil {
		return nil, err
	}
	if first := slices.IndexFunc(p.names, func(name string) bool { return strings.HasPrefix(name, prefix+"/1 ") }); first > 0 {
		p.cut(first)
	}
	items := make([]map[string]any, len(p.names))
	for i, name := range p.names {
		arn := strings.TrimPrefix(strings.TrimPrefix(name, prefix+"/0 "), prefix+"/1 ")
		items[i] = map[string]any{"KeyArn": arn, "KeyId": s.keys[arn].ID}
	}
	return p.output("Keys", items), nil
}

// keysFor returns the ARNs of the keys that a caller can list, its own and those shared with it, sorted behind a prefix that keeps this
// order. The caller holds a lock.
func (s *Service) keysFor(r *call.Request, prefix string, self, others bool) (own, shared []string) {
	for _, arn := range slices.Sorted(maps.Keys(s.keys)) {
		switch k := s.keys[arn]; {
		case k.Region != r.Region || k.gone(r.Now):
		case k.Account == r.Account && self:
			own = append(own, prefix+"/0 "+arn)
		case k.Account != r.Account && others && k.ram.Shares(r.Account):
			shared = append(shared, prefix+"/1 "+arn)
		}
	}
	return own, shared
}

// listAliases is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html, sorted by name.
func (s *Service) listAliases(r *call.Request, in *listInput) (any, error) {
	if err := allowPlain(r, "ListAliases", "*", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	target := ""
	if in.KeyId != nil {
		k, err := s.findByID(r, *in.KeyId)
		if err != nil {
			return nil, err
		}
		target = k.arn()
	}
	var arns []string
	for _, arn := range slices.Sorted(maps.Keys(s.aliases)) {
		a := s.aliases[arn]
		k := s.keys[a.Target]
		if strings.HasPrefix(arn, aliasARN(r, "alias/")) && !k.gone(r.Now) && (target == "" || a.Target == target) {
			arns = append(arns, arn)
		}
	}
	p, err := in.paginate(arns, 50, 100)
	if err != nil {
		return nil, err
	}
	items := make([]map[string]any, len(p.names))
	for i, arn := range p.names {
		a := s.aliases[arn]
		items[i] = map[string]any{
			"AliasArn": arn, "AliasName": a.name(), "TargetKeyId": s.keys[a.Target].ID,
			"CreationDate": epoch(a.Created), "LastUpdatedDate": epoch(a.Updated),
		}
	}
	return p.output("Aliases", items), nil
}
