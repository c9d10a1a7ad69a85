package main

import (
	"strings"

	"github.com/anishathalye/porcupine"

	"go.etcd.io/etcd/tests/v3/robustness/model"
	"go.etcd.io/etcd/tests/v3/robustness/report"
	"go.etcd.io/etcd/tests/v3/robustness/validate"
)

type verdict struct {
	Assumptions   result `json:"assumptions"`
	Linearization result `json:"linearization"`
	Watch         result `json:"watch"`
	Serializable  result `json:"serializable"`
	Counts        counts `json:"counts"`
	// Why the history could not be judged.
	Error string `json:"error,omitempty"`
}

type result struct {
	// Empty: the validator did not run.
	Status  validate.ResultStatus `json:"status"`
	Message string                `json:"message,omitempty"`
	// The guarantee that a watch broke. The first one that a validator finds for a client; the others do not run.
	Broke string `json:"broke,omitempty"`
}

type counts struct {
	Clients         int   `json:"clients"`
	Operations      int   `json:"operations"`
	Unknown         int   `json:"unknown"`
	FailedReads     int   `json:"failedReads"`
	StaleReads      int   `json:"staleReads"`
	Persisted       int   `json:"persisted"`
	Revisions       int64 `json:"revisions"`
	Watches         int   `json:"watches"`
	FilteredWatches int   `json:"filteredWatches"`
	WatchEvents     int   `json:"watchEvents"`
	Bookmarks       int   `json:"bookmarks"`
	UnreadableWALs  int   `json:"unreadableWals"`
	V2Entries       int   `json:"v2Entries"`
}

// The beginning of each message of the watch validators, in the order in which they run.
var guarantees = []struct{ message, name string }{
	{"event not matching watch filter", "filter"},
	{"broke Ordered", "ordered"},
	{"broke Unique", "unique"},
	{"broke Atomic", "atomic"},
	{"broke Bookmarkable", "bookmarkable"},
	{"broke Resumable", "resumable"},
	{"incorrect event IsCreate", "is-create"},
	{"broke Reliable", "reliable"},
	{"incorrect event prevValue", "prev-kv"},
}

func (v *verdict) fill(r validate.RobustnessResult) {
	v.Assumptions = toResult(r.Assumptions)
	v.Linearization = toResult(r.Linearization.Result)
	v.Watch = toResult(r.Watch)
	v.Serializable = toResult(r.Serializable)
	for _, guarantee := range guarantees {
		if strings.HasPrefix(r.Watch.Message, guarantee.message) {
			v.Watch.Broke = guarantee.name
		}
	}
}

func toResult(r validate.Result) result {
	return result{Status: r.Status, Message: r.Message}
}

// A validator that did not run has not accepted the history.
func (v *verdict) exitCode() int {
	if v.Error != "" || v.Assumptions.Status != validate.Success {
		return 2
	}
	code := 0
	for _, r := range []result{v.Linearization, v.Watch, v.Serializable} {
		switch r.Status {
		case validate.Success:
		case validate.Failure:
			return 1
		default:
			code = 2
		}
	}
	return code
}

func count(reports []report.ClientReport, persisted []model.EtcdRequest, replay *model.EtcdReplay) counts {
	c := counts{Clients: len(reports), Persisted: len(persisted), Revisions: lastRevision(replay)}
	for _, r := range reports {
		for _, op := range r.KeyValue {
			c.countOperation(op)
		}
		for _, watch := range r.Watch {
			c.countWatch(watch)
		}
	}
	return c
}

func (c *counts) countOperation(op porcupine.Operation) {
	c.Operations++
	request := op.Input.(model.EtcdRequest)
	failed := op.Output.(model.MaybeEtcdResponse).Error != ""
	switch {
	case failed && request.IsRead():
		c.FailedReads++
	case failed:
		c.Unknown++
	case request.Type == model.Range && request.Range.Revision != 0:
		c.StaleReads++
	}
}

func (c *counts) countWatch(watch model.WatchOperation) {
	c.Watches++
	for _, response := range watch.Responses {
		c.WatchEvents += len(response.Events)
		if response.IsProgressNotify {
			c.Bookmarks++
		}
	}
}

func lastRevision(replay *model.EtcdReplay) int64 {
	revision := int64(1)
	for {
		if _, err := replay.StateForRevision(revision + 1); err != nil {
			return revision
		}
		revision++
	}
}
