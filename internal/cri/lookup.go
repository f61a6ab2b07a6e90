package cri

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Answer is the pod of a sandbox.
type Answer struct {
	ID  string
	Pod sandbox.Pod
}

// Lookup asks for pods. Ask, Forget and Answers may be used at any time, by
// anyone.
type Lookup struct {
	socket  string
	logger  *zap.Logger
	pace    pace
	answers chan Answer
	wake    chan struct{}

	mu     sync.Mutex
	wanted map[string]bool
}

// pace is how patient a lookup is.
type pace struct {
	// call is how long a call may take, gather how long questions are gathered
	// before they are asked.
	call, gather time.Duration
	// soonest and latest bound the time until unanswered questions are asked
	// again; it doubles each time.
	soonest, latest time.Duration
}

var usualPace = pace{
	call: 2 * time.Second, gather: 20 * time.Millisecond,
	soonest: 200 * time.Millisecond, latest: 2 * time.Second,
}

// fewQuestions are asked one by one; from there on, all sandboxes are listed.
const fewQuestions = 8

// New makes a lookup for a container runtime's socket, given as
// unix:///run/containerd/containerd.sock or as a bare path. Nothing is done
// before Run.
func New(endpoint string, logger *zap.Logger) (*Lookup, error) {
	socket := strings.TrimPrefix(endpoint, "unix://")
	if !filepath.IsAbs(socket) {
		return nil, fmt.Errorf("%q is no Unix socket: use for example unix:///run/containerd/containerd.sock", endpoint)
	}
	return &Lookup{
		socket:  socket,
		logger:  logger,
		pace:    usualPace,
		answers: make(chan Answer, 64),
		wake:    make(chan struct{}, 1),
		wanted:  map[string]bool{},
	}, nil
}

// Ask asks which pod a sandbox belongs to. It does not wait.
func (l *Lookup) Ask(id string) {
	l.mu.Lock()
	l.wanted[id] = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Forget takes a question back. An answer may be on its way nevertheless.
func (l *Lookup) Forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.wanted, id)
}

// Answers yields what became known. While nobody takes answers, no further
// questions are asked.
func (l *Lookup) Answers() <-chan Answer { return l.answers }

func (l *Lookup) questions() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.wanted))
}

// Run asks what there is to ask until the context ends. Nothing it started is
// left running then.
func (l *Lookup) Run(ctx context.Context) error {
	connection, err := connect(l.socket)
	if err != nil {
		return err
	}
	defer connection.close()
	again := l.pace.soonest
	trouble := false
	for {
		if len(l.questions()) == 0 {
			again = l.pace.soonest
			select {
			case <-ctx.Done():
				return nil
			case <-l.wake:
			}
		}
		if !wait(ctx, l.pace.gather) {
			return nil
		}
		questions := l.questions()
		err := l.ask(ctx, connection, questions)
		if ctx.Err() != nil {
			return nil
		}
		if failed := err != nil; failed != trouble {
			trouble = failed
			l.logTrouble(err)
		}
		if len(l.questions()) == 0 {
			continue
		}
		// What is left was not answered. A new question does not wait for it.
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
		case <-time.After(again):
		}
		again = min(2*again, l.pace.latest)
	}
}

func (l *Lookup) logTrouble(err error) {
	if err == nil {
		l.logger.Info("The container runtime answers again", zap.String("cri_endpoint", l.socket))
		return
	}
	l.logger.Warn("The container runtime cannot be asked for pods; what files tell about them is used meanwhile",
		zap.String("cri_endpoint", l.socket), zap.Error(err))
}

// ask asks some questions, and delivers the answers.
func (l *Lookup) ask(ctx context.Context, connection *connection, questions []string) error {
	if len(questions) > fewQuestions {
		err := l.list(ctx, connection, "", questions)
		if status.Code(err) != codes.ResourceExhausted {
			return err
		}
	}
	for _, id := range questions {
		if err := l.list(ctx, connection, id, []string{id}); err != nil {
			return err
		}
	}
	return nil
}

// list gets the sandbox with an id, or all, and delivers those asked for.
func (l *Lookup) list(ctx context.Context, connection *connection, id string, questions []string) error {
	bounded, cancel := context.WithTimeout(ctx, l.pace.call)
	defer cancel()
	pods, err := connection.list(bounded, id)
	if err != nil {
		return err
	}
	for _, question := range questions {
		pod, found := pods[question]
		if !found {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case l.answers <- Answer{question, pod}:
			l.Forget(question)
		}
	}
	return nil
}

// wait sleeps, and tells whether the context still lasts.
func wait(ctx context.Context, duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
