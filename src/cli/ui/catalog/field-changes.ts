import { ifDefined } from '../../data/if-defined.js';
import { toJson } from '../../output/json.js';
import type { EndpointRow, FieldChange, Json } from '../protocol/index.js';
import { cut } from './limits.js';

const maxChanges = 50;
/** Deeper values are compared whole. */
const maxDepth = 6;
const maxPathLength = 200;
const maxValueLength = 200;

type Fields = { readonly [name: string]: Json | undefined };

/**
 * The differences between two states of a record, at most 50: those of the address, of the lease, and of each part of the
 * metadata. A list is one part. Of metadata that is too large for the stream, only weight, zone and status are compared,
 * and its size.
 */
export function fieldChanges(
  before: EndpointRow | undefined,
  after: EndpointRow | undefined,
): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  addChanges(changes, fieldsOf(before), fieldsOf(after), '', 0);
  return changes;
}

function fieldsOf(row: EndpointRow | undefined): Fields {
  if (!row) return {};
  const { addr, lease, metadata, large } = row;
  return { addr: addr || undefined, lease, metadata: large === undefined ? metadata : summaryOf(row, large) };
}

function summaryOf({ weight, zone, status }: EndpointRow, large: number): Fields & Json {
  const traits = { ...ifDefined('zone', zone), ...ifDefined('status', status) };
  return { weight, ...traits, '(bytes)': large };
}

function addChanges(
  changes: FieldChange[],
  before: Fields,
  after: Fields,
  path: string,
  depth: number,
): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (changes.length >= maxChanges) return;
    const [from, to] = [own(before, name), own(after, name)];
    const memberPath = path === '' ? name : `${path}.${name}`;
    const [fieldsFrom, fieldsTo] = [asFields(from), asFields(to)];
    const isDivided = depth < maxDepth && (fieldsFrom ?? fieldsTo) !== undefined;
    if (isDivided && (fieldsFrom || from === undefined) && (fieldsTo || to === undefined))
      addChanges(changes, fieldsFrom ?? {}, fieldsTo ?? {}, memberPath, depth + 1);
    else addChange(changes, from, to, memberPath);
  }
}

function addChange(changes: FieldChange[], from: Json | undefined, to: Json | undefined, path: string): void {
  if (from === to) return;
  const [before, after] = [from, to].map((value) => (value === undefined ? undefined : toJson(value)));
  if (before === after) return;
  changes.push({
    path: cut(path, maxPathLength),
    ...ifDefined('before', before && cut(before, maxValueLength)),
    ...ifDefined('after', after && cut(after, maxValueLength)),
  });
}

/** An own member: `__proto__` may be the name of one. */
function own(fields: Fields, name: string): Json | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** The members of an object that has any: an empty one has no parts, but may be there or not. */
function asFields(value: Json | undefined): Fields | undefined {
  if (typeof value !== 'object' || value === null || isList(value)) return undefined;
  return Object.keys(value).length > 0 ? value : undefined;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
