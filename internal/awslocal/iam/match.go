package iam

import "strings"

// glob matches a string against a pattern in which * stands for any sequence of bytes and ? for any one byte.
// Two bytes stand for * and ? themselves: see literally. It needs at most len(pattern)·len(text) steps.
func glob(pattern, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0 // the last * seen, and where in text its run ends so far
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			if p == len(pattern)-1 {
				return true
			}
			star, resume = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || unescaped(pattern[p]) == text[t]):
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// unescaped returns the byte that a byte of a pattern matches.
func unescaped(b byte) byte {
	switch b {
	case literalStar[0]:
		return '*'
	case literalQuestion[0]:
		return '?'
	}
	return b
}

// globARN matches an ARN component by component, so that a wildcard does not match any of the first five colons.
func globARN(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return false
	}
	for i := range patterns {
		if !glob(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

func isARNPattern(s string) bool { return strings.Count(s, ":") >= 5 }
