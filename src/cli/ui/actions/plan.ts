import { type Endpoint, formatLeaseId, type KeyValue, keyText } from '../../../index.js';
import type { Target } from '../../args/target.js';
import type { RecordChange } from '../../data/conditional-writes.js';
import { requireMark, rewriteMark } from '../../data/draining.js';
import { type Rewrite, requireEndpoint } from '../../data/endpoint-rewrite.js';
import { fieldDifferences } from '../../data/field-changes.js';
import { parseRecord } from '../../data/records.js';
import { rewriteWeight } from '../../data/weighing.js';
import type { ActionRequest, FieldChange } from '../protocol/index.js';
import { requireWeight } from './requests.js';

/** What an action does to a record. */
export interface Plan {
  /** Undefined if the record is already as the action leaves it. */
  readonly change: RecordChange | undefined;
  /** The endpoint as it is stored; undefined for a value that is none. */
  readonly endpoint: Endpoint | undefined;
}

/**
 * Plans an action with the checks of the command.
 * @throws {ApiError} for an invalid request; {CliError}, {NamingError} for a record that must not be changed this way.
 */
export function planAction(target: Target, kv: KeyValue, request: ActionRequest): Plan {
  switch (request.action) {
    case 'drain':
    case 'undrain':
      requireMark(target, keyText(kv.key).slice(target.prefix.length));
      return planRewrite(target, kv, (endpoint) =>
        rewriteMark(target, kv, endpoint, request.action === 'undrain'),
      );
    case 'weight': {
      const weight = requireWeight(request);
      return planRewrite(target, kv, (endpoint) => rewriteWeight(target, kv, endpoint, weight));
    }
    case 'remove':
      return { change: { type: 'delete' }, endpoint: parseRecord(target, kv).endpoint };
  }
}

function planRewrite(
  target: Target,
  kv: KeyValue,
  rewrite: (endpoint: Endpoint) => Rewrite | undefined,
): Plan {
  const endpoint = requireEndpoint(target, kv);
  const rewritten = rewrite(endpoint);
  return { endpoint, change: rewritten && { type: 'put', value: rewritten.value } };
}

/** The changes of a plan, as a reader of the records sees them. */
export function changesOf(
  target: Target,
  { key, lease }: KeyValue,
  { change, endpoint }: Plan,
): FieldChange[] {
  if (!change || !endpoint) return [];
  const leaseText = lease === 0n ? undefined : formatLeaseId(lease);
  const before = { ...endpoint, lease: leaseText };
  if (change.type === 'delete') return fieldDifferences(before, undefined);
  const after = target.format.decode(keyText(key), change.value);
  return typeof after === 'object' ? fieldDifferences(before, { ...after, lease: leaseText }) : [];
}
