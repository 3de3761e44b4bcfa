package report

import (
	"charm.land/lipgloss/v2"

	"github.com/keytend/keytend/internal/policy"
)

// ink is whether colours may be used. They only underline what the words say
// already.
type ink bool

// The sixteen colours of the terminal's own theme: readable on dark and light.
var (
	plain  = lipgloss.NewStyle()
	strong = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	bad    = lipgloss.NewStyle().Foreground(lipgloss.Red)
	good   = lipgloss.NewStyle().Foreground(lipgloss.Green)
	soso   = lipgloss.NewStyle().Foreground(lipgloss.Yellow)

	severityStyles = map[policy.Severity]lipgloss.Style{
		policy.Critical: bad.Bold(true).Reverse(true),
		policy.High:     bad.Bold(true),
		policy.Medium:   soso,
		policy.Low:      lipgloss.NewStyle().Foreground(lipgloss.Cyan),
		policy.Info:     faint,
	}
)

func (i ink) paint(style lipgloss.Style, text string) string {
	if !i || text == "" {
		return text
	}
	return style.Render(text)
}

func (i ink) strong(text string) string { return i.paint(strong, text) }
