package storage

// maxIDLength is the maximum length of a directory name.
const maxIDLength = 255

// ValidID reports whether a sandbox can have this ID, by the rule that both
// runtimes apply: a letter or digit, followed by at least one more letter,
// digit, dot, underscore or dash.
func ValidID(id string) bool {
	if len(id) < 2 || len(id) > maxIDLength || !isAlphanumeric(id[0]) {
		return false
	}
	for i := 1; i < len(id); i++ {
		if c := id[i]; !isAlphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
