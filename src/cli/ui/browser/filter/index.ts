export { canonicalSort, type FieldOrder, orderBy, sortField, sortHints } from './compare.js';
export { compileFilter, type Filter } from './compile-filter.js';
export {
  type Field,
  type FieldSet,
  type FieldValue,
  fieldNames,
  findField,
  readsMetadata,
} from './field-set.js';
export { metadataText, metadataValues } from './metadata.js';
