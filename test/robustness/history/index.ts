export { ClientHistory, type HistoryContext, type OperationCounts } from './client-history.js';
export { History, saveModel } from './history.js';
export type { ModelClient, ModelEvent, ModelOperation, ModelWatch, ModelWatchResponse } from './model.js';
export type { Condition, Range, Step, Transaction } from './operations.js';
export { type RecordedClient, type RecordedWatch, RecordingClient } from './recording-client.js';
export { type WatchRange, WatchRecord, type WatchSettings } from './watch-record.js';
