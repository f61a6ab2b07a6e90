package exposition

import (
	"bytes"
	"strconv"
)

// exactDigits is the number of decimal digits that a float64 holds exactly.
const exactDigits = 15

// number parses a value as formatted by Go (5.5e+08, +Inf, NaN) or by Rust
// (550000000, inf, NaN).
func number(text []byte) (value float64, ok bool) {
	if len(text) == 0 {
		return 0, false
	}
	if len(text) <= exactDigits && integer(text) && text[0] >= '0' {
		var whole int64
		for _, digit := range text {
			whole = whole*10 + int64(digit-'0')
		}
		return float64(whole), true
	}
	// ParseFloat allocates its error, which a text with many bad lines could
	// exploit, and it accepts more than the format allows.
	if !decimal(text) && !special(text) {
		return 0, false
	}
	value, err := strconv.ParseFloat(string(text), 64)
	return value, err == nil
}

// integer reports whether the text consists of digits with an optional sign.
func integer(text []byte) bool {
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	return len(text) > 0 && digits(text) == len(text)
}

// decimal reports whether the text is a decimal number: 1, -1.5, .5, 1.e+9.
func decimal(text []byte) bool {
	if text[0] == '-' || text[0] == '+' {
		text = text[1:]
	}
	whole := digits(text)
	text = text[whole:]
	fraction := 0
	if len(text) > 0 && text[0] == '.' {
		fraction = digits(text[1:])
		text = text[1+fraction:]
	}
	if whole+fraction == 0 {
		return false
	}
	if len(text) == 0 {
		return true
	}
	return (text[0] == 'e' || text[0] == 'E') && integer(text[1:])
}

// digits returns the number of leading digits.
func digits(text []byte) int {
	for i, b := range text {
		if b < '0' || b > '9' {
			return i
		}
	}
	return len(text)
}

// special reports whether the text is NaN or an infinity.
func special(text []byte) bool {
	if bytes.EqualFold(text, []byte("nan")) {
		return true
	}
	if text[0] == '-' || text[0] == '+' {
		text = text[1:]
	}
	return bytes.EqualFold(text, []byte("inf")) || bytes.EqualFold(text, []byte("infinity"))
}
