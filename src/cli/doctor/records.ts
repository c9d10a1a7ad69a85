import { type Endpoint, readTraits } from '../../index.js';
import { parseAddress } from '../../internal.js';
import type { StoredRecord } from '../records.js';
import { count } from '../text.js';
import { type Finding, ok, problem, some, warning } from './finding.js';
import { checkSpelling } from './spelling.js';

/** A record that a resolver can use. */
export interface UsableRecord extends StoredRecord {
  readonly endpoint: Endpoint;
}

/** What the records hold, and those of them that lead anywhere. */
export function checkRecords(records: readonly StoredRecord[]): {
  findings: Finding[];
  usable: UsableRecord[];
} {
  const usable = records.filter(isUsable);
  const findings = [
    summary(records, usable),
    ...unreadable(records),
    ...checkSpelling(records),
    ...nested(records),
  ];
  if (usable.length > 0) findings.push(...traits(usable));
  return { findings, usable };
}

function isUsable(record: StoredRecord): record is UsableRecord {
  return record.endpoint !== undefined && 'tcp' in parseAddress(record.endpoint.addr);
}

function summary(records: readonly StoredRecord[], usable: readonly UsableRecord[]): Finding {
  const all = count(records.length, 'record');
  if (usable.length === 0)
    return problem('records', `${all}, none with an address that can be dialled`, 'see below');
  const addresses = [...new Set(usable.map(({ endpoint }) => endpoint.addr))];
  return ok('records', `${all} with ${addresses.length} to dial: ${some(addresses)}`);
}

function unreadable(records: readonly StoredRecord[]): Finding[] {
  const bad = records.filter(({ endpoint }) => endpoint === undefined);
  if (bad.length === 0) return [];
  const list = some(bad.map(({ id, problem: why }) => `'${id}' (${why})`));
  return [
    warning(
      'records',
      `no endpoint in Go's format, and passed over: ${list}`,
      'who wrote that? etcd-naming get shows it, rm deletes it',
    ),
  ];
}

function nested(records: readonly StoredRecord[]): Finding[] {
  const deep = records.filter(({ id }) => id.includes('/'));
  if (deep.length === 0) return [];
  const all = deep.length === records.length;
  const message = `${all ? 'all' : deep.length} of the records lie deeper, such as '${deep[0]?.id}'`;
  return [
    warning('records', message, 'as in Go they count for this service as well; is a longer name meant?'),
  ];
}

function traits(usable: readonly UsableRecord[]): Finding[] {
  const read = usable.map(({ endpoint }) => readTraits(endpoint.metadata));
  const draining = read.filter((one) => one.draining).length;
  const weightless = read.filter((one) => one.weight === 0).length;
  const off = read.filter((one) => one.draining || one.weight === 0).length;
  const what = `${draining} draining, ${weightless} of weight 0, of ${usable.length}`;
  if (off === 0) return [];
  if (off < usable.length) return [ok('load', what)];
  return [
    warning(
      'load',
      `every endpoint is to get no calls: ${what}`,
      'they get them all the same, there being no others; etcd-naming drain --undo',
    ),
  ];
}
