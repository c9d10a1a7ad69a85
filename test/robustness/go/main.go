// Command judge runs the validators of etcd's robustness tests over a history.
//
//	judge [-timeout 5m] [-visualize history.html] FOLDER
//
// The folder has the clients' histories (client-N/operations.json, client-N/watch.json) and the data folders of all
// members (server-NAME). The report is one line of JSON on the standard output; the validators describe what they find on
// the standard error. With -visualize, the picture of a history that is not linearizable is written.
//
// The exit code is 0 if everything is valid, 1 if a validator refused the history, and 2 if it could not be judged: a
// folder or WAL that cannot be read, a history that breaks the validators' assumptions, or a timeout.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/anishathalye/porcupine"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"go.etcd.io/etcd/tests/v3/robustness/model"
	"go.etcd.io/etcd/tests/v3/robustness/validate"
)

func main() {
	flags := flag.NewFlagSet("judge", flag.ExitOnError)
	timeout := flags.Duration("timeout", 5*time.Minute, "time for the check of linearizability")
	picture := flags.String("visualize", "", "file for the picture of a history that is not linearizable")
	flags.Parse(os.Args[1:])
	if flags.NArg() != 1 {
		flags.Usage()
		os.Exit(2)
	}
	output := os.Stdout
	os.Stdout = os.Stderr // A validator prints differences.
	os.Exit(run(output, flags.Arg(0), *timeout, *picture))
}

func run(output io.Writer, folder string, timeout time.Duration, picture string) int {
	verdict, err := judge(folder, timeout, picture)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		verdict.Error = err.Error()
	}
	if err := json.NewEncoder(output).Encode(verdict); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return verdict.exitCode()
}

func judge(folder string, timeout time.Duration, picture string) (verdict verdict, err error) {
	defer recoverAsError(&err) // A validator panics on what its model does not know.
	lg := stderrLogger()
	persisted, wals, err := readPersisted(lg, folder)
	if err != nil {
		return verdict, err
	}
	replay := model.NewReplay(persisted)
	reports, filtered, err := loadReports(folder, replay)
	if err != nil {
		return verdict, err
	}
	verdict.Counts = count(reports, persisted, replay)
	verdict.Counts.FilteredWatches = filtered
	verdict.Counts.UnreadableWALs = wals.unreadable
	verdict.Counts.V2Entries = wals.v2Entries
	if verdict.Counts.Operations == 0 {
		return verdict, errors.New("the history has no operations")
	}
	if wals.unreadable > wals.members/2 {
		return verdict, fmt.Errorf("%d of %d WALs cannot be read", wals.unreadable, wals.members)
	}
	// Transactions write several keys at one revision.
	config := validate.Config{ExpectRevisionUnique: false}
	result := validate.ValidateAndReturnVisualize(lg, config, reports, persisted, timeout)
	verdict.fill(result)
	if picture != "" && result.Linearization.Status == validate.Failure {
		return verdict, porcupine.VisualizePath(result.Linearization.Model, result.Linearization.Info, picture)
	}
	return verdict, nil
}

func recoverAsError(err *error) {
	if reason := recover(); reason != nil {
		*err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
	}
}

func stderrLogger() *zap.Logger {
	encoder := zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig())
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(os.Stderr), zapcore.ErrorLevel))
}
