export { serverNow, tick } from './clock.js';
export { type EntryListener, listenToEntries } from './entry-feed.js';
export { etcdEndpoints, omitted, serverTime, viewStatus } from './observed.js';
export { current, queues, settings, store } from './published.js';
export type { RecordStore, StoreChanges, StoreListener } from './record-store.js';
export type { Service, ServiceSummary } from './service.js';
export { startPage } from './session-lifecycle.js';
export type { ViewState } from './view-state.js';
