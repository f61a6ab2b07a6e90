package reader

// Reason is the reason for which samples were dropped. Its text is the reason
// of [sandbox.Dropped].
type Reason uint8

const (
	// Malformed lines are not in the exposition format.
	Malformed Reason = iota
	// Forged samples belong to a host family, but are in the guest's text.
	Forged
	// Foreign samples have a name that neither a shim nor an agent uses.
	Foreign
	// Unknown samples belong to a family or item that the catalog lacks.
	Unknown
	// BadLabel samples lack a label of their family, have an additional one
	// (such as sandbox_id), or have an invalid label value.
	BadLabel
	// Duplicate samples belong to a series that already had a sample in the
	// same response.
	Duplicate
	// NonFinite values are NaN or infinite.
	NonFinite
	// Timestamped samples have an explicit timestamp.
	Timestamped
	// Negative values belong to counters.
	Negative
	// Regressed counters are below their last value.
	Regressed
	// Inconsistent histograms and summaries lack parts, or have parts that
	// contradict each other.
	Inconsistent
	// Limit samples exceed a limit on length or number.
	Limit
	// Implausible figures of the guest's usage are impossible on this host.
	Implausible

	reasons
)

var reasonTexts = [reasons]string{
	Malformed: "malformed", Forged: "forged", Foreign: "foreign", Unknown: "unknown", BadLabel: "bad_label",
	Duplicate: "duplicate", NonFinite: "non_finite", Timestamped: "timestamped", Negative: "negative",
	Regressed: "regressed", Inconsistent: "inconsistent", Limit: "limit", Implausible: "implausible",
}

func (r Reason) String() string { return reasonTexts[r] }
