import { type Endpoint, type EndpointCodec, readTraits } from '../../index.js';
import { parseAddress } from '../../internal.js';
import type { Target } from '../args/target.js';
import type { StoredRecord } from '../data/records.js';
import { joinSome, pluralize } from '../output/text.js';
import { checkAddresses } from './addresses.js';
import { type Finding, ok, problem, warning } from './finding.js';
import type { RecognizedRecord } from './other-formats.js';
import { adviceFor, formatName } from './recognize.js';

/** A record that a resolver can use: an endpoint with a TCP address. */
export interface UsableRecord extends StoredRecord {
  readonly endpoint: Endpoint;
}

/**
 * Checks the values of the records, and returns the records that a resolver can use.
 * @param recognized the formats of some of the others.
 */
export function checkRecords(
  { codec }: Pick<Target, 'codec'>,
  records: readonly StoredRecord[],
  recognized: readonly RecognizedRecord[],
): {
  findings: Finding[];
  usable: UsableRecord[];
} {
  const usable = records.filter(isUsable);
  const findings = [
    summarize(records, usable),
    ...describeFormats(recognized),
    ...checkInvalid(codec, records, recognized),
    ...checkAddresses(records, recognized.length > 0),
    ...checkNested(codec, records),
  ];
  if (usable.length > 0) findings.push(...checkLoad(usable));
  return { findings, usable };
}

function isUsable(record: StoredRecord): record is UsableRecord {
  return record.endpoint !== undefined && 'tcp' in parseAddress(record.endpoint.addr);
}

function summarize(records: readonly StoredRecord[], usable: readonly UsableRecord[]): Finding {
  const all = pluralize(records.length, 'record');
  if (usable.length === 0)
    return problem('records', `${all}, none with a usable address`, 'see the warnings below');
  const addresses = [...new Set(usable.map(({ endpoint }) => endpoint.addr))];
  const count = addresses.length === 1 ? '1 usable address' : `${addresses.length} usable addresses`;
  return ok('records', `${all} with ${count}: ${joinSome(addresses)}`);
}

/** One finding for each format. */
function describeFormats(recognized: readonly RecognizedRecord[]): Finding[] {
  const byAdvice = new Map(recognized.map((record) => [adviceFor(record.format), record]));
  return [...byAdvice].map(([advice, { id, format }]) =>
    warning('records', `${joinSome([`'${id}'`])} has the format of ${formatName(format.codec)}`, advice),
  );
}

function checkInvalid(
  codec: EndpointCodec | undefined,
  records: readonly StoredRecord[],
  recognized: readonly RecognizedRecord[],
): Finding[] {
  const invalid = records.filter(({ endpoint }) => endpoint === undefined);
  const isExplained = recognized.length > 0;
  const format = codec ? `the format of ${codec.name}` : "Go's format";
  return [
    ...skipped(
      invalid.filter(({ isOfFormat }) => isOfFormat),
      `records of ${codec?.name}, but not endpoints to call`,
      isExplained
        ? undefined
        : `leave them: clients of ${codec?.name} may use them; for calls by gRPC, their servers must register an address for it`,
    ),
    ...skipped(
      invalid.filter(({ isOfFormat }) => !isOfFormat),
      `skipped, because the value is not an endpoint in ${format}`,
      isExplained
        ? undefined
        : 'find out which program wrote it; etcd-naming get shows the record, rm deletes it',
    ),
  ];
}

function skipped(records: readonly StoredRecord[], message: string, advice: string | undefined): Finding[] {
  if (records.length === 0) return [];
  const list = joinSome(records.map(({ id, problem: reason }) => `'${id}' (${reason})`));
  return [warning('records', `${message}: ${list}`, advice)];
}

function checkNested(codec: EndpointCodec | undefined, records: readonly StoredRecord[]): Finding[] {
  const nested = records.filter(({ id }) => id.includes('/'));
  if (nested.length === 0) return [];
  const all = nested.length === records.length;
  const message = `${all ? 'all' : nested.length} of the records are nested deeper, such as '${nested[0]?.id}'`;
  return [
    warning(
      'records',
      message,
      `${codec ? '' : 'as in Go, '}they also belong to this service; check whether a longer name is intended`,
    ),
  ];
}

function checkLoad(usable: readonly UsableRecord[]): Finding[] {
  const traits = usable.map(({ endpoint }) => readTraits(endpoint.metadata));
  const drainingCount = traits.filter(({ draining }) => draining).length;
  const weightlessCount = traits.filter(({ weight }) => weight === 0).length;
  const avoidedCount = traits.filter(({ draining, weight }) => draining || weight === 0).length;
  const counts = `${drainingCount} draining, ${weightlessCount} of weight 0, of ${usable.length}`;
  if (avoidedCount === 0) return [];
  if (avoidedCount < usable.length) return [ok('load', counts)];
  return [
    warning(
      'load',
      `every endpoint is draining or has weight 0: ${counts}`,
      'callers still use them, because there is no other; to undo: etcd-naming drain --undo',
    ),
  ];
}
