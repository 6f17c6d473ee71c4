package seal

import (
	"errors"
	"maps"
	"testing"
)

func TestTags(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   map[string]string
		err    error
	}{
		"none":              {200, `{"Tags":[]}`, map[string]string{}, nil},
		"two":               {200, `{"Tags":[{"TagKey":"a","TagValue":""},{"TagKey":"b","TagValue":"c"}],"Truncated":false}`, map[string]string{"a": "", "b": "c"}, nil},
		"the same page":     {200, `{"Tags":[{"TagKey":"a","TagValue":"b"}],"Truncated":true,"NextMarker":"m"}`, nil, ErrReply},
		"more, not where":   {200, `{"Tags":[{"TagKey":"a","TagValue":"b"}],"Truncated":true}`, nil, ErrReply},
		"empty pages":       {200, `{"Tags":[],"NextMarker":"m"}`, nil, ErrReply},
		"denied":            {400, refusal("AccessDeniedException", canary), nil, ErrKeyDenied},
		"no key":            {400, refusal("NotFoundException", canary), nil, ErrKeyMissing},
		"an internal error": {500, refusal("KMSInternalException", canary), nil, ErrUnavailable},
	} {
		got, err := lying(t, tt.status, tt.body).Tags(t.Context(), keyARN)
		if !errors.Is(err, tt.err) || !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
