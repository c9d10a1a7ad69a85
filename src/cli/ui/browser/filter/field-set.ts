/** A value of a field, as it is compared. */
export type FieldValue = string | number | boolean | null;

/** How a filter and an order read an item. */
export interface FieldSet<T> {
  /** The names of the fields, without those of the metadata. */
  readonly names: readonly string[];
  /** Whether `metadata.` and a path is a field. */
  readonly hasMetadata: boolean;
  /** What words without a field are searched in, in lower case. */
  searchText(item: T): string;
  /** The values of a field; none if the item has no such field. */
  values(item: T, field: string): readonly FieldValue[];
}

const metadataPrefix = 'metadata.';

/** Whether items can be filtered and sorted by the name. */
export function isField<T>(name: string, { names, hasMetadata }: FieldSet<T>): boolean {
  const isPath = name.startsWith(metadataPrefix) && name.length > metadataPrefix.length;
  return names.includes(name) || (hasMetadata && isPath);
}
