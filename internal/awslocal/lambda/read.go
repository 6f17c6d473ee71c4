package lambda

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// versionItem is https://docs.aws.amazon.com/lambda/latest/api/API_LayerVersionsListItem.html: it has no digest.
type versionItem struct {
	LayerVersionArn         string
	Version                 int64
	Description             string
	CreatedDate             string
	CompatibleRuntimes      []string `json:",omitzero"` // [] if it was sent as []
	CompatibleArchitectures []string `json:",omitzero"`
	LicenseInfo             string   `json:",omitempty"`
}

// versionOutput is https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html.
type versionOutput struct {
	LayerArn string
	Content  contentOutput
	versionItem
}

type contentOutput struct {
	Location   string
	CodeSha256 string
	CodeSize   int64
}

func item(l *layer, v *version) versionItem {
	return versionItem{
		LayerVersionArn: l.versionARN(v.Number), Version: v.Number, Description: v.Description, CreatedDate: date(v.Created),
		CompatibleRuntimes: v.Runtimes, CompatibleArchitectures: v.Architectures, LicenseInfo: v.License,
	}
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }

func (s *Service) describe(r *call.Request, l *layer, v *version) versionOutput {
	return versionOutput{
		LayerArn:    l.ARN,
		Content:     contentOutput{Location: s.link(r.Endpoint, v.Digest, s.clock()), CodeSha256: v.Digest.base64(), CodeSize: v.Size},
		versionItem: item(l, v),
	}
}

type versionInput struct {
	LayerName     string
	VersionNumber int64
}

// find finds a layer version and authorizes the operation on it. The caller holds a lock. The version is nil if the
// operation is allowed but there is no such version.
func (s *Service) find(r *call.Request, in versionInput) (*layer, *version, error) {
	arn, err := resolve(r, in.LayerName)
	if err != nil {
		return nil, nil, err
	}
	if in.VersionNumber < 1 {
		return nil, nil, invalid("Layer Version Cannot be less than 1")
	}
	l := s.layers[arn]
	var v *version
	if l != nil {
		v = l.find(in.VersionNumber)
	}
	return l, v, s.allow(r, arn+":"+strconv.FormatInt(in.VersionNumber, 10), v)
}

// get is https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html.
func (s *Service) get(r *call.Request, in *versionInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	l, v, err := s.find(r, *in)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, noVersion()
	}
	return s.describe(r, l, v), nil
}

// getByARN is https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html.
func (s *Service) getByARN(r *call.Request, in *struct{ Arn string }) (any, error) {
	parts := versionARN.FindStringSubmatch(in.Arn)
	switch {
	case awsLayer.MatchString(in.Arn):
		return nil, noVersion()
	case parts == nil:
		return nil, validation(in.Arn, "arn", "satisfy regular expression pattern: "+versionPattern)
	}
	number, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return nil, noVersion()
	}
	return s.get(r, &versionInput{LayerName: parts[1], VersionNumber: number})
}

// delete is https://docs.aws.amazon.com/lambda/latest/api/API_DeleteLayerVersion.html. Deleting a version that does not
// exist succeeds. The file of an archive stays until the next Restore: the old state may be needed until the new one is saved.
func (s *Service) delete(r *call.Request, in *versionInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, v, err := s.find(r, *in)
	if err != nil || v == nil {
		return nil, err
	}
	l.Versions = slices.DeleteFunc(l.Versions, func(other *version) bool { return other == v })
	s.content.forget(s.used())
	return nil, nil
}

type listInput struct {
	LayerName              string
	CompatibleRuntime      string
	CompatibleArchitecture string
	Marker                 string
	MaxItems               *int
}

// check refuses filters that are no identifiers.
func (in *listInput) check() error {
	var wrong []string
	if in.CompatibleArchitecture != "" && !knownArchitecture(in.CompatibleArchitecture) {
		wrong = append(wrong, broken(in.CompatibleArchitecture, "compatibleArchitecture", "satisfy enum value set: "+list(architectures())))
	}
	if in.CompatibleRuntime != "" && !knownRuntime(in.CompatibleRuntime) {
		wrong = append(wrong, broken(in.CompatibleRuntime, "compatibleRuntime", "satisfy enum value set: "+list(enumerated())))
	}
	return refused(wrong)
}

// fits reports whether a version passes the filters of a list.
func (in *listInput) fits(v *version) bool {
	return (in.CompatibleRuntime == "" || slices.Contains(v.Runtimes, in.CompatibleRuntime)) &&
		(in.CompatibleArchitecture == "" || slices.Contains(v.Architectures, in.CompatibleArchitecture))
}

const maxItems = 50

// page returns a page of the sorted keys.
func (in *listInput) page(keys []string) (page []string, next string, err error) {
	most, err := pageSize(in.MaxItems, maxItems)
	if err != nil {
		return nil, "", err
	}
	return after(keys, in.Marker, most)
}

// pageSize is how many items a page has at most, by a request's MaxItems. What a request can ask for may be more than it gets.
func pageSize(asked *int, limit int) (int, error) {
	switch {
	case asked == nil:
		return maxItems, nil
	case *asked < 1:
		return 0, validation(strconv.Itoa(*asked), "maxItems", "have value greater than or equal to 1")
	case *asked > limit:
		return 0, validation(strconv.Itoa(*asked), "maxItems", "have value less than or equal to "+strconv.Itoa(limit))
	}
	return min(*asked, maxItems), nil
}

// after returns the keys after a marker, which is the last key of the previous page.
func after(keys []string, marker string, most int) (page []string, next string, err error) {
	if marker != "" {
		last, err := base64.URLEncoding.DecodeString(marker)
		if err != nil {
			return nil, "", invalid("Invalid marker")
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return key <= string(last) })
	}
	if len(keys) > most {
		keys = keys[:most]
		next = base64.URLEncoding.EncodeToString([]byte(keys[most-1]))
	}
	return keys, next, nil
}

// listVersions is https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html, newest first. A layer that
// does not exist has no versions.
func (s *Service) listVersions(r *call.Request, in *listInput) (any, error) {
	arn, err := resolve(r, in.LayerName)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := s.allow(r, arn, nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := map[string]versionItem{} // by a key that sorts the newest first
	if l := s.layers[arn]; l != nil && strings.Split(arn, ":")[4] == r.Account {
		for _, v := range l.Versions {
			if in.fits(v) {
				found[newestFirst(v.Number)] = item(l, v)
			}
		}
	}
	keys, next, err := in.page(slices.Sorted(maps.Keys(found)))
	if err != nil {
		return nil, err
	}
	out := struct {
		LayerVersions []versionItem
		NextMarker    string `json:",omitempty"`
	}{LayerVersions: []versionItem{}, NextMarker: next}
	for _, key := range keys {
		out.LayerVersions = append(out.LayerVersions, found[key])
	}
	return out, nil
}

// newestFirst returns a string that sorts earlier for a greater number.
func newestFirst(number int64) string {
	return oldestFirst(int64(1e18) - number)
}

// oldestFirst returns a string that sorts later for a greater number.
func oldestFirst(number int64) string { return fmt.Sprintf("%020d", number) }

type layerItem struct {
	LayerName             string
	LayerArn              string
	LatestMatchingVersion versionItem
}

// listLayers is https://docs.aws.amazon.com/lambda/latest/api/API_ListLayers.html: every layer with its newest version
// that passes the filters, sorted by name.
func (s *Service) listLayers(r *call.Request, in *listInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := s.allow(r, "*", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := map[string]layerItem{}
	for arn, l := range s.layers {
		if parts := strings.Split(arn, ":"); parts[3] != r.Region || parts[4] != r.Account {
			continue
		}
		for _, v := range l.Versions {
			if in.fits(v) {
				found[l.name()] = layerItem{LayerName: l.name(), LayerArn: arn, LatestMatchingVersion: item(l, v)}
			}
		}
	}
	names, next, err := in.page(slices.Sorted(maps.Keys(found)))
	if err != nil {
		return nil, err
	}
	out := struct {
		Layers     []layerItem
		NextMarker string `json:",omitempty"`
	}{Layers: []layerItem{}, NextMarker: next}
	for _, name := range names {
		out.Layers = append(out.Layers, found[name])
	}
	return out, nil
}
