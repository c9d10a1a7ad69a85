export { type FieldOrder, orderBy } from './compare.js';
export { compileFilter, type Filter } from './compile-filter.js';
export type { FieldSet, FieldValue } from './field-set.js';
export { metadataText, metadataValues } from './metadata.js';
