package reader

// Reason is why samples were left out. Its text is the reason of
// [sandbox.Dropped].
type Reason uint8

const (
	// Malformed lines are not in the exposition format.
	Malformed Reason = iota
	// Forged samples are of a host family, but stand in the guest's text.
	Forged
	// Foreign samples have a name that neither shim nor agent give.
	Foreign
	// Unknown samples are of a family or item that the catalog lacks.
	Unknown
	// BadLabel samples lack a label of their family, have another one (such as
	// sandbox_id), or one with a text it may not have.
	BadLabel
	// Duplicate samples are of a series that the answer had already.
	Duplicate
	// NonFinite values are NaN or infinite.
	NonFinite
	// Timestamped samples claim a time of their own.
	Timestamped
	// Negative values are of counters.
	Negative
	// Regressed counters are below their last value.
	Regressed
	// Inconsistent histograms and summaries have parts that do not fit, or lack
	// some.
	Inconsistent
	// Limit samples are too many of their kind, or too long.
	Limit

	reasons
)

var reasonTexts = [reasons]string{
	Malformed: "malformed", Forged: "forged", Foreign: "foreign", Unknown: "unknown", BadLabel: "bad_label",
	Duplicate: "duplicate", NonFinite: "non_finite", Timestamped: "timestamped", Negative: "negative",
	Regressed: "regressed", Inconsistent: "inconsistent", Limit: "limit",
}

func (r Reason) String() string { return reasonTexts[r] }
