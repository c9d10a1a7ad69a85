import type { EndpointRow, Json } from '../../protocol/index.js';
import type { FieldValue } from './field-set.js';

/**
 * The values at a path of the metadata, such as `labels.zone`. A name may contain dots: the longest one that is a property
 * comes first. The elements of a list are its values. Objects are one value, their JSON.
 */
export function metadataValues(metadata: Json | undefined, path: string): readonly FieldValue[] {
  const found = path === '' ? undefined : atPath(metadata, path);
  if (found === undefined) return [];
  return Array.isArray(found) ? found.slice(0, maxElements).map(toValue) : [toValue(found)];
}

const maxElements = 100;

function atPath(value: Json | undefined, path: string): Json | undefined {
  while (typeof value === 'object' && value !== null && path !== '') {
    const name = longestName(value, path);
    if (name === undefined) return undefined;
    value = property(value, name);
    path = path.slice(name.length + 1);
  }
  return path === '' ? value : undefined;
}

/** The longest start of the path, up to a dot or its end, that is a property. */
function longestName(value: object, path: string): string | undefined {
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const name = path.slice(0, end);
    if (Object.hasOwn(value, name)) return name;
  }
  return undefined;
}

/** Only called for own properties: those of prototypes, such as `constructor`, are not part of the metadata. */
function property(value: object, name: string): Json | undefined {
  return (value as Readonly<Record<string, Json>>)[name];
}

function toValue(value: Json): FieldValue {
  return typeof value === 'object' && value !== null ? jsonText(value) : value;
}

/** The texts of rows that were needed. A row is replaced when it changes. */
const texts = new WeakMap<object, string>();

/** The metadata as JSON on one line; empty if there is none. */
export function metadataText(row: Pick<EndpointRow, 'metadata'>): string {
  let text = texts.get(row);
  if (text === undefined) {
    text = row.metadata === undefined ? '' : jsonText(row.metadata);
    texts.set(row, text);
  }
  return text;
}

/** JSON.stringify throws for what is nested thousands of levels deep. */
function jsonText(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    return 'nested too deep to be shown here';
  }
}
