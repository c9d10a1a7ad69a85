/** A value of a field, as it is compared. */
export type FieldValue = string | number | boolean | null;

/** Something by which items are filtered and sorted. The headings of columns, the hints and the documentation use it. */
export interface Field<T> {
  /** Also part of the URL. */
  readonly name: string;
  /** The heading of its column. It is accepted as a name, too. */
  readonly label: string;
  /** Explains the field, if the label does not. */
  readonly title?: string;
  /** Other names that are accepted. */
  readonly aliases?: readonly string[];
  /** Why its values have no order; undefined if they have one. */
  readonly unordered?: string;
  /** The values; none if the item has no such field. The first one is sorted by. */
  values(item: T): readonly FieldValue[];
}

/** How a filter and an order read an item. */
export interface FieldSet<T> {
  readonly fields: readonly Field<T>[];
  /** Reads a path of the metadata; undefined if items have none. */
  readonly metadata?: (item: T, path: string) => readonly FieldValue[];
  /** What words without a field are searched in, in lower case. */
  searchText(item: T): string;
}

const metadataPrefix = 'metadata.';

/**
 * The field with a name, an alias or a heading, without regard to case and separators (`first-seen`, `First seen`); or
 * the one of `metadata.` and a path.
 */
export function findField<T>(name: string, { fields, metadata }: FieldSet<T>): Field<T> | undefined {
  const path = name.startsWith(metadataPrefix) ? name.slice(metadataPrefix.length) : '';
  if (metadata && path !== '')
    return { name, label: path, title: name, values: (item) => metadata(item, path) };
  const wanted = simplify(name);
  return fields.find((field) => namesOf(field).some((candidate) => simplify(candidate) === wanted));
}

/** Whether the values of a field are, or are made of, the metadata. */
export function readsMetadata({ name }: { readonly name: string }): boolean {
  return name === 'metadata' || name.startsWith(metadataPrefix);
}

/** The names to suggest to a user. */
export function fieldNames<T>({ fields, metadata }: FieldSet<T>): readonly string[] {
  const names = fields.map(({ name }) => name);
  return metadata ? [...names, `${metadataPrefix}…`] : names;
}

function namesOf<T>({ name, label, aliases = [] }: Field<T>): readonly string[] {
  return [name, label, ...aliases];
}

function simplify(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}
