package migrate

// Verdict is what a place is taken for.
type Verdict struct {
	Workload   Workload
	Confidence float64 // 0 to 1
	For        []Rule  // the first of them decided
	Against    []Rule
}

// nothingFits is how sure one is of not knowing.
const nothingFits = 0.2

// Guess is up to which confidence a verdict is no more than the likeliest of
// several: its owner is to be asked before anything is done about it.
const Guess = 0.65

// Judge says what a place is taken for: what the first rule says that fits it,
// the surer the more agree and the fewer don't.
func Judge(p Place) Verdict {
	v := Verdict{Workload: Unknown, Confidence: nothingFits}
	for _, r := range rules {
		switch {
		case !r.fits(p):
		case len(v.For) == 0:
			v.Workload, v.Confidence, v.For = r.Workload, r.Confidence, []Rule{r}
		case r.Workload == v.Workload:
			v.For = append(v.For, r)
			v.Confidence += (1 - v.Confidence) * r.Confidence / 2
		default:
			v.Against = append(v.Against, r)
			v.Confidence *= 1 - r.Confidence/20
		}
	}
	return v
}
