import type { EndpointRow, Json } from '../../protocol/index.js';
import type { FieldValue } from './field-set.js';

/**
 * The values at a path of the metadata, such as `labels.zone`. A name may contain dots: a whole rest of the path that is
 * a property comes first. The elements of a list are its values. Objects are one value, their JSON.
 */
export function metadataValues(metadata: Json | undefined, path: string): readonly FieldValue[] {
  const found = atPath(metadata, path);
  if (found === undefined) return [];
  return Array.isArray(found) ? found.slice(0, maxElements).map(toValue) : [toValue(found)];
}

const maxElements = 100;

function atPath(value: Json | undefined, path: string): Json | undefined {
  for (;;) {
    if (typeof value !== 'object' || value === null) return undefined;
    const whole = property(value, path);
    const dot = path.indexOf('.');
    if (whole !== undefined || dot < 0) return whole;
    value = property(value, path.slice(0, dot));
    path = path.slice(dot + 1);
  }
}

/** Properties of prototypes, such as `constructor`, are not part of the metadata. */
function property(value: object, name: string): Json | undefined {
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, Json>>)[name] : undefined;
}

function toValue(value: Json): FieldValue {
  return typeof value === 'object' && value !== null ? jsonText(value) : value;
}

/** The metadata as JSON on one line; empty if there is none. */
export function metadataText({ metadata }: Pick<EndpointRow, 'metadata'>): string {
  return metadata === undefined ? '' : jsonText(metadata);
}

/** JSON.stringify throws for what is nested thousands of levels deep. */
function jsonText(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    return 'nested too deep to be shown here';
  }
}
