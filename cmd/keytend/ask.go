package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"charm.land/huh/v2"
	"github.com/spf13/cobra"
)

// errDeclined ends a command at which a person said no.
var errDeclined = hinted{errors.New("stopped as you asked: nothing was changed"), ""}

// ask wants a yes before anything is changed. Without a terminal, --yes must
// have said it.
func (a *app) ask(command *cobra.Command, yes bool, question string) error {
	if yes {
		return nil
	}
	if !a.askable() {
		return usageError{command, errors.New("nobody to ask: this is no terminal. Say --yes to do it")}
	}
	agreed, err := a.agrees(question)
	if err == nil && !agreed {
		err = errDeclined
	}
	return err
}

// askable: a person is there to answer.
func (a *app) askable() bool { return a.in.is && a.out.is }

// drawn: questions may be drawn and answered with single keys. Where the
// terminal is plain, or wished to be (NO_COLOR, TERM=dumb, --no-color), they are
// lines of text.
func (a *app) drawn() bool {
	_, real := a.stdin.(*os.File)
	return real && a.askable() && a.mayColour()
}

func (a *app) agrees(question string) (bool, error) {
	if !a.drawn() {
		answer, err := a.prompt(question + " [y/N] ")
		answer = strings.ToLower(answer)
		return answer == "y" || answer == "yes", err
	}
	agreed := false
	err := a.form(huh.NewConfirm().Title(printable(question)).Affirmative("Yes").Negative("No").Value(&agreed))
	if err == nil {
		err = a.noted(question, map[bool]string{true: "yes", false: "no"}[agreed])
	}
	return agreed, err
}

// pick has a person choose any number of options, some of which are chosen
// beforehand; it returns their indices.
func (a *app) pick(question string, options []string, before int) ([]int, error) {
	if !a.drawn() {
		return a.pickPlain(question, options)
	}
	var chosen []int
	var lines []huh.Option[int]
	for i, option := range options {
		lines = append(lines, huh.NewOption(printable(option), i).Selected(i < before))
	}
	err := a.form(huh.NewMultiSelect[int]().Title(printable(question)).Options(lines...).Value(&chosen).
		Validate(func(chosen []int) error {
			if len(chosen) == 0 {
				return errors.New("choose one with the space bar")
			}
			return nil
		}))
	return chosen, err
}

func (a *app) pickPlain(question string, options []string) ([]int, error) {
	text := printable(question) + "\n"
	for i, option := range options {
		text += fmt.Sprintf("  %d  %s\n", i+1, printable(option))
	}
	for {
		answer, err := a.prompt(text + "Numbers, separated by spaces: ")
		if err != nil {
			return nil, err
		}
		if chosen, ok := indices(answer, len(options)); ok {
			return chosen, nil
		}
		text = ""
	}
}

// indices reads numbers from 1 to n; false where there are none or others.
func indices(answer string, n int) ([]int, bool) {
	var chosen []int
	for _, word := range strings.FieldsFunc(answer, func(r rune) bool { return r == ' ' || r == ',' }) {
		i, err := strconv.Atoi(word)
		if err != nil || i < 1 || i > n {
			return nil, false
		}
		chosen = append(chosen, i-1)
	}
	return chosen, len(chosen) > 0
}

// fill has a person type a line that check finds nothing wrong with.
func (a *app) fill(question string, check func(string) error) (answer string, err error) {
	if a.drawn() {
		err = a.form(huh.NewInput().Title(printable(question)).Value(&answer).Validate(check))
		return strings.TrimSpace(answer), err
	}
	for {
		if answer, err = a.prompt(question + ": "); err != nil {
			return "", err
		}
		wrong := check(answer)
		if wrong == nil {
			return answer, nil
		}
		a.say(wrong)
	}
}

// form draws fields until they are answered. Ctrl-C is a no.
func (a *app) form(fields ...huh.Field) error {
	err := huh.NewForm(huh.NewGroup(fields...)).WithInput(a.stdin).WithOutput(a.stdout).WithWidth(max(a.out.width, 40)).Run()
	if errors.Is(err, huh.ErrUserAborted) {
		return errDeclined
	}
	return err
}

// noted leaves an answer on the screen, from which the form is gone.
func (a *app) noted(question, answer string) error {
	_, err := fmt.Fprintf(a.stdout, "%s %s\n", printable(question), printable(answer))
	return err
}

// prompt reads one line from the terminal.
func (a *app) prompt(question string) (string, error) {
	if _, err := fmt.Fprint(a.stdout, question); err != nil {
		return "", err
	}
	if a.lines == nil {
		a.lines = bufio.NewReader(a.stdin)
	}
	line, err := a.lines.ReadString('\n')
	if err != nil && line == "" {
		return "", errDeclined // end of input is no yes
	}
	return strings.TrimSpace(line), nil
}
