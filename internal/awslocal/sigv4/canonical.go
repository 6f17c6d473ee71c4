package sigv4

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// canonicalPath normalizes a path from the request line, which is already escaped once, and escapes it again, as every service
// except S3 requires.
func canonicalPath(raw string) string {
	if raw == "" {
		return "/"
	}
	clean := path.Clean("/" + raw)
	if strings.HasSuffix(raw, "/") && clean != "/" {
		clean += "/"
	}
	return escape(clean, "/")
}

// canonicalQuery sorts the parameters by their escaped name, then value, without the signature itself.
func canonicalQuery(raw string) string {
	var pairs [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = escape(unescape(name), ""), escape(unescape(value), "")
		if name != "X-Amz-Signature" {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var b strings.Builder
	for i, pair := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(pair[0] + "=" + pair[1])
	}
	return b.String()
}

// canonicalHeaders lists the signed headers, one per line, with an empty line at the end.
func canonicalHeaders(r *http.Request, signed []string) string {
	var b strings.Builder
	for _, name := range signed {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	return b.String()
}

func headerValue(r *http.Request, name string) string {
	if name == "host" {
		if r.Host != "" {
			return r.Host
		}
		return r.URL.Host
	}
	values := r.Header.Values(name)
	if name == "content-length" && len(values) == 0 {
		return strconv.FormatInt(r.ContentLength, 10)
	}
	trimmed := make([]string, len(values))
	for i, value := range values {
		trimmed[i] = strings.Join(strings.Fields(value), " ")
	}
	return strings.Join(trimmed, ",")
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// escape percent-encodes every byte that is not unreserved (RFC 3986, section 2.3) and not in keep.
func escape(s, keep string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~"+keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}
