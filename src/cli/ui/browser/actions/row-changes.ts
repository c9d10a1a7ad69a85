import type { EndpointRow, FieldChange, Json } from '../../protocol/index.js';
import { cut } from '../text/index.js';

/** The differences of two versions of a record: its fields, and the first level of its metadata. */
export function rowChanges(before: EndpointRow, after: EndpointRow): readonly FieldChange[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((path) => ({ path, before: old.get(path), after: now.get(path) }))
    .filter((change) => change.before !== change.after)
    .map(({ path, before, after }) => ({ path, before: shorten(before), after: shorten(after) }));
}

function fieldsOf({ addr, lease, problem, large, metadata }: EndpointRow): Map<string, string> {
  const fields: [string, Json | undefined][] = [
    ['addr', addr],
    ['lease', lease],
    ['problem', problem],
    ['size of the metadata', large],
  ];
  if (isObject(metadata))
    for (const name of Object.keys(metadata)) fields.push([`metadata.${name}`, metadata[name]]);
  else fields.push(['metadata', metadata]);
  return new Map(fields.flatMap(([path, value]) => (value === undefined ? [] : [[path, jsonOf(value)]])));
}

function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value that is nested too deeply for `JSON.stringify` gives the same text in both versions. */
function jsonOf(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '…';
  }
}

function shorten(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cut(text, 200);
}
