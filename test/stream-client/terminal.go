package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
	"k8s.io/client-go/tools/remotecommand"
)

// inTerminal calls body with this process's terminal in raw mode, and tells it the terminal's sizes.
func inTerminal(body func(remotecommand.TerminalSizeQueue) error) error {
	stdin := int(os.Stdin.Fd())
	before, err := term.MakeRaw(stdin)
	if err != nil {
		return err
	}
	defer term.Restore(stdin, before)
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	defer func() {
		signal.Stop(changed)
		close(changed)
	}()
	// The first size is the one of now.
	changed <- syscall.SIGWINCH
	return body(&sizeQueue{terminal: stdin, changed: changed})
}

type sizeQueue struct {
	terminal int
	changed  <-chan os.Signal
}

// Next waits for a size. It answers nil when there will be none any more.
func (q *sizeQueue) Next() *remotecommand.TerminalSize {
	if _, open := <-q.changed; !open {
		return nil
	}
	width, height, err := term.GetSize(q.terminal)
	if err != nil {
		return nil
	}
	return &remotecommand.TerminalSize{Width: uint16(width), Height: uint16(height)}
}
