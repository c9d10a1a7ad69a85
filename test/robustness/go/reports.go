package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/tests/v3/robustness/model"
	"go.etcd.io/etcd/tests/v3/robustness/report"
)

// Loads the histories of the clients. Returns also how many watches had a filter of types.
func loadReports(folder string, replay *model.EtcdReplay) ([]report.ClientReport, int, error) {
	reports, err := report.LoadClientReports(folder)
	if err != nil {
		return nil, 0, err
	}
	filtered := 0
	for _, r := range reports {
		filters, err := loadFilters(filepath.Join(folder, fmt.Sprintf("client-%d", r.ClientID), "watch.json"))
		if err != nil {
			return nil, 0, err
		}
		for i, only := range filters {
			if only != "" {
				r.Watch[i] = complete(r.Watch[i], only, replay)
				filtered++
			}
		}
	}
	return reports, filtered, nil
}

// The type of the events that each watch of a file asks for; empty for all types.
func loadFilters(path string) ([]model.OperationType, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	filters := []model.OperationType{}
	for decoder := json.NewDecoder(file); decoder.More(); {
		var watch struct{ Request struct{ Only string } }
		if err := decoder.Decode(&watch); err != nil {
			return nil, err
		}
		only, err := eventType(watch.Request.Only)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		filters = append(filters, only)
	}
	return filters, nil
}

func eventType(only string) (model.OperationType, error) {
	switch only {
	case "":
		return "", nil
	case "put":
		return model.PutOperation, nil
	case "delete":
		return model.DeleteOperation, nil
	default:
		return "", fmt.Errorf("unknown filter %q", only)
	}
}
