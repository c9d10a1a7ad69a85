package main

import (
	"math"

	"go.etcd.io/etcd/tests/v3/robustness/model"
)

// The validators have no filter of event types: they expect all events of a range. Complete adds the events that the
// filter leaves out, where the watch passed them, so that the validators judge those that the client delivered. An event
// that the filter should have left out is then there twice.
func complete(watch model.WatchOperation, only model.OperationType, replay *model.EtcdReplay) model.WatchOperation {
	events := replay.EventsForWatch(watch.Request)
	c := completion{position: map[position]int{}}
	for i, event := range events {
		c.position[position{event.Revision, event.Key}] = i
		if event.Type != only && event.Revision >= firstRevision(watch) {
			c.missing = append(c.missing, event)
		}
	}
	completed := model.WatchOperation{Request: watch.Request}
	for _, response := range watch.Responses {
		completed.Responses = append(completed.Responses, c.next(response)...)
	}
	return completed
}

type position struct {
	revision int64
	key      string
}

type completion struct {
	// Events that the filter leaves out and that no response so far has passed.
	missing []model.PersistedEvent
	// The order of the events, also within a revision.
	position map[position]int
}

func (c *completion) next(response model.WatchResponse) []model.WatchResponse {
	if len(response.Events) > 0 {
		passed := c.take(response.Events[len(response.Events)-1].Revision)
		response.Events = c.merge(response.Events, passed)
		return []model.WatchResponse{response}
	}
	if !response.IsProgressNotify {
		return []model.WatchResponse{response}
	}
	passed := c.take(response.Revision)
	if len(passed) == 0 {
		return []model.WatchResponse{response}
	}
	added := model.WatchResponse{Events: passed, Revision: response.Revision, Time: response.Time}
	return []model.WatchResponse{added, response}
}

func (c *completion) take(revision int64) (passed []model.WatchEvent) {
	for len(c.missing) > 0 && c.missing[0].Revision <= revision {
		passed = append(passed, model.WatchEvent{PersistedEvent: c.missing[0]})
		c.missing = c.missing[1:]
	}
	return passed
}

// Keeps the order of the events that were received, right or wrong.
func (c *completion) merge(received, passed []model.WatchEvent) []model.WatchEvent {
	merged := make([]model.WatchEvent, 0, len(received)+len(passed))
	for _, event := range received {
		for len(passed) > 0 && c.precedes(passed[0], event) {
			merged = append(merged, passed[0])
			passed = passed[1:]
		}
		merged = append(merged, event)
	}
	return append(merged, passed...)
}

func (c *completion) precedes(a, b model.WatchEvent) bool {
	if a.Revision != b.Revision {
		return a.Revision < b.Revision
	}
	return c.positionOf(a) < c.positionOf(b)
}

func (c *completion) positionOf(event model.WatchEvent) int {
	if i, found := c.position[position{event.Revision, event.Key}]; found {
		return i
	}
	return math.MaxInt
}

// The first revision that the watch must deliver, by the rule of the validators.
func firstRevision(watch model.WatchOperation) int64 {
	if watch.Request.Revision != 0 || len(watch.Responses) == 0 {
		return watch.Request.Revision
	}
	first := watch.Responses[0]
	if len(first.Events) > 0 {
		return first.Events[0].Revision
	}
	return first.Revision + 1
}
