export { type FieldOrder, orderBy, sortHints } from './compare.js';
export { compileFilter, type Filter } from './compile-filter.js';
export type { FieldSet, FieldValue } from './field-set.js';
export { metadataText, metadataValues } from './metadata.js';
