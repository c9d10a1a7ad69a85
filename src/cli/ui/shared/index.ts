export { type EntryFilter, matcher } from './entry-filter.js';
export { eventText, type Kind, kindOf, kinds } from './entry-texts.js';
export { fieldChanges, jsonStart, type RecordFields } from './field-changes.js';
export { countText, durationText, pluralize, sizeText } from './quantities.js';
export { rowChanges } from './row-changes.js';
