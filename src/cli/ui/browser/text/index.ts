export { countText, durationText, pluralize, sizeText } from '../../shared/index.js';
export { isoText, timeText } from './times.js';
export { cut, visible, visibleLines } from './visible.js';
