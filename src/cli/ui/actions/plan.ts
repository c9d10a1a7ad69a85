import { type Endpoint, formatLeaseId, type KeyValue, keyText } from '../../../index.js';
import type { Target } from '../../args/target.js';
import type { RecordChange } from '../../data/conditional-writes.js';
import { requireMark, rewriteMark } from '../../data/draining.js';
import { type Rewrite, requireEndpoint } from '../../data/endpoint-rewrite.js';
import { rewriteWeight } from '../../data/endpoint-weight.js';
import { parseRecord } from '../../data/records.js';
import type { ActionRequest, FieldChange } from '../protocol/index.js';
import { fieldChanges, type RecordFields } from '../shared/index.js';
import { requireWeight } from './requests.js';

/** What an action does to a record. */
export interface Plan {
  /** Undefined if the record is already as the action leaves it. */
  readonly change: RecordChange | undefined;
  /** The endpoint as it is stored; undefined for a value that is none, such as one without an address. */
  readonly endpoint: Endpoint | undefined;
  /** The other parts of the record that the change loses; see {@link Rewrite}. */
  readonly lost?: readonly string[];
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
      return { change: { type: 'delete' }, endpoint: endpointOf(target, kv) };
  }
}

/** Undefined for a value without an address: that of another program may look like an endpoint otherwise. */
function endpointOf(target: Target, kv: KeyValue): Endpoint | undefined {
  const { endpoint } = parseRecord(target, kv);
  return endpoint?.addr === '' ? undefined : endpoint;
}

function planRewrite(
  target: Target,
  kv: KeyValue,
  rewrite: (endpoint: Endpoint) => Rewrite | undefined,
): Plan {
  const endpoint = requireEndpoint(target, kv);
  const rewritten = rewrite(endpoint);
  if (!rewritten) return { endpoint, change: undefined };
  return { endpoint, change: { type: 'put', value: rewritten.value }, lost: rewritten.lost };
}

/** The changes of a plan, as a reader of the records sees them. */
export function changesOf(
  target: Target,
  { key, value, lease }: KeyValue,
  { change, endpoint }: Plan,
): FieldChange[] {
  if (!change) return [];
  const leaseText = lease === 0n ? undefined : formatLeaseId(lease);
  const before: RecordFields = { ...(endpoint ?? { value: value.toString() }), lease: leaseText };
  if (change.type === 'delete') return fieldChanges(before, undefined);
  const after = target.format.decode(keyText(key), change.value);
  return typeof after === 'object' ? fieldChanges(before, { ...after, lease: leaseText }) : [];
}
