export { type EntryFilter, matcher } from './entry-filter.js';
export { eventText, type Kind, kindOf, kinds } from './entry-texts.js';
export { durationText, pluralize, sizeText } from './quantities.js';
