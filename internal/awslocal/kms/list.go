package kms

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
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
	switch {
	case limit < 1:
		return page{}, constraint(" '"+strconv.Itoa(limit)+"'", "limit", "have value greater than or equal to 1")
	case limit > most:
		return page{}, constraint(" '"+strconv.Itoa(limit)+"'", "limit", "have value less than or equal to "+strconv.Itoa(most))
	}
	if in.Marker != nil {
		after, err := base64.URLEncoding.DecodeString(*in.Marker)
		if err != nil || len(after) == 0 {
			return page{}, call.NewError("InvalidMarkerException", "Could not deserialize marker")
		}
		names = names[markerIndex(names, string(after)):]
	}
	if len(names) <= limit {
		return page{names: names}, nil
	}
	names = names[:limit]
	return page{names: names, next: base64.URLEncoding.EncodeToString([]byte(names[limit-1])), truncated: true}, nil
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

// listKeys is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html, sorted by ARN.
func (s *Service) listKeys(r *call.Request, in *listInput) (any, error) {
	if err := allowPlain(r, "ListKeys", "*", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var arns []string
	for _, arn := range slices.Sorted(maps.Keys(s.keys)) {
		if k := s.keys[arn]; k.Account == r.Account && k.Region == r.Region && !k.gone(r.Now) {
			arns = append(arns, arn)
		}
	}
	p, err := in.paginate(arns, 100, 1000)
	if err != nil {
		return nil, err
	}
	items := make([]map[string]any, len(p.names))
	for i, arn := range p.names {
		items[i] = map[string]any{"KeyArn": arn, "KeyId": s.keys[arn].ID}
	}
	return p.output("Keys", items), nil
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
