package runnertest

// HostileTexts returns strings that could become markup in a comment. Manifests and
// layers cannot hold most of them, but reports do not rely on that.
func HostileTexts() []string {
	return []string{
		"", "`", "``", "a`b", "`<img src=x onerror=alert(1)>`", "@everyone", "#1", "x\n# Approved", "x\r\n- y", "<!--", "</details>",
		"[a](http://example.com)", "http://example.com", "\x1b[31m", "a\u202eb", "\u2028", "| x |", "\\`", "\x00", "__init__", " x ", "\xff",
	}
}
