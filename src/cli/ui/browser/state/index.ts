export { serverNow, tick } from './clock.js';
export { type EntryListener, listenToEntries } from './entry-feed.js';
export { current, queues, settings } from './published.js';
