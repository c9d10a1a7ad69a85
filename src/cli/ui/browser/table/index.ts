export { type Column, fieldColumn } from './column.js';
export { Grid, rowHeight } from './grid.js';
export type { ListSource, LiveList } from './live-list.js';
export type { Ordering, SortValue } from './sorted-list.js';
export { useLiveList } from './use-live-list.js';
