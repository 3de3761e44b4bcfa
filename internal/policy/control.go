package policy

// Control is one number of one framework that a rule stands for.
type Control struct {
	Framework string // "CIS AWS Foundations 5.0", "Security Hub", "AWS Config"
	ID        string // "1.13", "IAM.3", "ACCESS_KEYS_ROTATED"
}
