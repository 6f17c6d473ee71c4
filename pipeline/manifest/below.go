package manifest

import "strings"

// Parameter returns the name of the parameter whose name after the import's path is below.
func (i Import) Parameter(below string) string {
	return strings.TrimSuffix(i.Path.Value, "/") + "/" + below
}

// Below returns the rest of a parameter's name after the import's path. ok is false if the parameter is not below the path.
func (i Import) Below(parameter string) (below string, ok bool) {
	below, ok = strings.CutPrefix(parameter, i.Parameter(""))
	return below, ok && below != ""
}

// Takes reports whether the import includes a parameter: one directly below its path or, with recursive, anywhere below it.
func (i Import) Takes(parameter string) bool {
	below, ok := i.Below(parameter)
	return ok && (i.Recursive || !strings.Contains(below, "/"))
}
