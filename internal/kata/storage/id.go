package storage

// maxIDLength is the maximum length of a directory name.
const maxIDLength = 255

// ValidID reports whether a sandbox can have this id, by the rule that both
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

// isUUID reports whether text has the form
// 51cf5a9b-0d2f-4a3c-8f6e-0123456789ab.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if text[i] != '-' {
				return false
			}
		} else if !isHex(text[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
