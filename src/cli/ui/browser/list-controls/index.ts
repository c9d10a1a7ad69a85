export { emptyText } from './empty-text.js';
export { FilterBar } from './filter-bar.js';
