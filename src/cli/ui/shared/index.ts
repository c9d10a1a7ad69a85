export { matcher } from './entry-filter.js';
export { entryKinds, eventText, kindOf } from './entry-texts.js';
export { fieldChanges, jsonStart, type RecordFields } from './field-changes.js';
export { countText, durationText, pluralize, sizeText } from './quantities.js';
export { rowChanges } from './row-changes.js';
