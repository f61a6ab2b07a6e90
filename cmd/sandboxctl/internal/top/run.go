package top

import (
	"context"
	"errors"
	"io"

	tea "charm.land/bubbletea/v2"
)

// framesPerSecond limits how often the screen is drawn, which is enough for a table that
// changes every second.
const framesPerSecond = 10

// Run shows the table until the user ends it or the context ends.
func Run(ctx context.Context, s *Settings, stdin io.Reader, stdout io.Writer, options ...tea.ProgramOption) error {
	options = append([]tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(stdin), tea.WithOutput(stdout), tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler(),
	}, options...)
	_, err := tea.NewProgram(NewModel(ctx, s), options...).Run()
	if ctx.Err() != nil && errors.Is(err, tea.ErrProgramKilled) {
		return nil
	}
	return err
}
