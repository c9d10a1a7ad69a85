import { type EtcdClient, formatLeaseId, keyText } from '../../index.js';
import { recordIdToJson, type Target, targetToJson } from '../args/target.js';
import { fetchLeaseStates, formatLease, type LeaseState, leaseToJson } from '../data/leases.js';
import {
  endpointToJson,
  metadataCell,
  readRecords,
  type StoredRecord,
  statusCell,
  traitCells,
} from '../data/records.js';
import { styled, type Text } from '../output/line.js';
import { alignCells, escapeAndTruncate, pluralize } from '../output/text.js';
import type { ListedEndpoint, Listing } from './listing.js';

const titles = ['ID', 'ADDR', 'WEIGHT', 'ZONE', 'STATUS', 'LEASE', 'REVISION'];
const wideTitles = ['LEASE-ID', 'CREATE-REVISION', 'METADATA'];

/** Lists the endpoints of a target, with the time that their leases have left. */
export async function listEndpoints(client: EtcdClient, target: Target, isWide: boolean): Promise<Listing> {
  const { records, revision } = await readRecords(client, target);
  const leaseOf = await fetchLeaseStates(
    client,
    records.map(({ kv }) => kv.lease),
  );
  const invalid = records.filter(({ endpoint }) => endpoint === undefined);
  const rows = records.flatMap((record) => toRow(record, leaseOf(record.kv.lease), isWide));
  const heads = (isWide ? [...titles, ...wideTitles] : titles).map((title) => styled(title, 'bold'));
  const { service, prefix } = target;
  return {
    revision,
    heading: `${service}: ${pluralize(rows.length, 'endpoint')}`,
    lines: rows.length > 0 ? alignCells([heads, ...rows]) : [],
    warnings: [...invalid.map(toWarning), ...toHints(target, records)],
    endpoints: new Map(records.flatMap((record) => toListed(record, leaseOf(record.kv.lease)))),
    invalid: new Set(invalid.map(({ kv }) => keyText(kv.key))),
    document: {
      ...targetToJson(target),
      prefix,
      revision,
      endpoints: records.flatMap((record) => rowToJson(record, leaseOf(record.kv.lease))),
      invalid: invalid.map(({ id, kv, problem }) => ({ ...recordIdToJson(id, keyText(kv.key)), problem })),
    },
  };
}

function toWarning({ kv, problem }: StoredRecord): string {
  return `warning: skipped '${escapeAndTruncate(keyText(kv.key))}': ${problem ?? ''}`;
}

/** What to do about a list without an address. */
function toHints({ prefix, input, codecArgs }: Target, records: readonly StoredRecord[]): string[] {
  if (records.some(({ endpoint }) => endpoint?.addr)) return [];
  const what =
    records.length === 0 ? `no key starts with '${prefix}'` : `no record below '${prefix}' has an address`;
  return [`${what}; to find out why: etcd-naming doctor ${input}${codecArgs}`];
}

function toRow({ id, kv, endpoint }: StoredRecord, lease: LeaseState, isWide: boolean): Text[][] {
  if (!endpoint) return [];
  const { weight, zone, status } = traitCells(endpoint);
  const cells = [id, endpoint.addr || '-', weight, zone, statusCell(status)];
  const all = [...cells, formatLease(lease), `${kv.modRevision}`];
  if (!isWide) return [all];
  const leaseId = kv.lease === 0n ? '-' : formatLeaseId(kv.lease);
  return [[...all, leaseId, `${kv.createRevision}`, metadataCell(endpoint)]];
}

function toListed({ id, kv, endpoint }: StoredRecord, leaseState: LeaseState): [string, ListedEndpoint][] {
  if (!endpoint) return [];
  return [[keyText(kv.key), { ...endpoint, id, lease: kv.lease, leaseState }]];
}

function rowToJson({ id, kv, endpoint }: StoredRecord, lease: LeaseState): object[] {
  if (!endpoint) return [];
  const { createRevision, modRevision } = kv;
  const described = endpointToJson(id, keyText(kv.key), endpoint);
  return [{ ...described, ...leaseToJson(kv.lease, lease), createRevision, modRevision }];
}
