package policy

// Lacking says which tags the key of a function lacks.
type Lacking struct {
	Function string
	Key      string // ARN
	Seen     bool   // the tags of the key are known
	Missing  []Tag  // those to set
	Other    []Tag  // those that have another value now, with that value
}

// Compare returns which tags a key lacks, if it has these.
func Compare(function, key string, wanted []Tag, has map[string]string) Lacking {
	l := Lacking{Function: function, Key: key, Seen: true}
	for _, tag := range wanted {
		value, ok := has[tag.Key]
		if ok && value == tag.Value {
			continue
		}
		l.Missing = append(l.Missing, tag)
		if ok {
			l.Other = append(l.Other, Tag{tag.Key, value})
		}
	}
	return l
}

// Command returns the AWS CLI command that sets the missing tags. It needs no quotes: the
// values consist of names of the manifest.
func (l Lacking) Command(region string) string {
	command := "aws kms tag-resource --region " + region + " --key-id " + l.Key + " --tags"
	for _, tag := range l.Missing {
		command += " TagKey=" + tag.Key + ",TagValue=" + tag.Value
	}
	return command
}
