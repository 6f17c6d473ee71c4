package manifest

import "strings"

// Parameter is the name of the parameter that has a name below the import's path.
func (i Import) Parameter(below string) string {
	return strings.TrimSuffix(i.Path.Value, "/") + "/" + below
}

// Below is what a parameter's name has after the import's path; not ok if the
// parameter is not below it.
func (i Import) Below(parameter string) (below string, ok bool) {
	below, ok = strings.CutPrefix(parameter, i.Parameter(""))
	return below, ok && below != ""
}

// Takes reports whether the import is of a parameter: one directly below its path, or with recursive one anywhere below it.
func (i Import) Takes(parameter string) bool {
	below, ok := i.Below(parameter)
	return ok && (i.Recursive || !strings.Contains(below, "/"))
}
