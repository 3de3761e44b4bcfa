package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

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
	if !a.in.is || !a.out.is {
		return usageError{command, errors.New("nobody to ask: this is no terminal. Say --yes to do it")}
	}
	answer, err := a.prompt(question + " [y/N] ")
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return errDeclined
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
