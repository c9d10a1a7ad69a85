export { durationText, pluralize, sizeText } from './quantities.js';
export { isoText, timeText } from './times.js';
export { cut, visible, visibleLines } from './visible.js';
