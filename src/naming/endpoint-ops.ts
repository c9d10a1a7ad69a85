import type { Op } from '../kv/index.js';
import {
  anything,
  type Bytes,
  formatValue,
  int64,
  type LeaseId,
  listOf,
  minInt64,
  optionsChecker,
} from '../model/index.js';
import { checkEndpointNames } from './check-endpoint.js';
import type { RecordFormat } from './codec/record-format.js';
import type { Endpoint } from './endpoint.js';
import { NamingError } from './errors.js';
import { checkKey } from './target/index.js';

/** One operation of {@link EndpointManager.update}. */
export type EndpointOp =
  | {
      /** Stores an endpoint. Overwrites an existing record. */
      readonly op: 'add';
      /** The full key, `<target>/<id>`: text, as in {@link EndpointRecord}, or bytes. */
      readonly key: Bytes;
      /** The endpoint to store. */
      readonly endpoint: Endpoint;
      /** The lease with which the endpoint is deleted. Default: no lease; the endpoint stays until it is deleted. */
      readonly lease?: LeaseId | undefined;
    }
  | {
      /** Deletes an endpoint. An absent key is not an error. */
      readonly op: 'delete';
      /** The full key, `<target>/<id>`: text, as in {@link EndpointRecord}, or bytes. */
      readonly key: Bytes;
    };

const checkOperations = listOf(
  optionsChecker<EndpointOp>({
    op: anything,
    key: anything,
    endpoint: checkEndpointNames,
    lease: int64(minInt64),
  }),
);

/**
 * Converts the operations to those of one transaction. If several operations have the same key, only the last is kept:
 * etcd rejects a transaction that changes a key twice, although its naming guide shows one.
 * @throws {InvalidInputError} for an unknown name; {NamingError} for an empty list, a key outside the target, an unknown
 *   `op`, an endpoint that cannot be stored, or a key with two consecutive adds.
 */
export function toTxnOps(format: RecordFormat, changes: readonly EndpointOp[]): Op[] {
  checkOperations(changes, 'operations');
  if (changes.length === 0) throw new NamingError('update() has no operations');
  const byKey = new Map<string, Op>();
  for (const change of changes) {
    const key = checkKey(format.prefix, change.key);
    const op = toOp(format, key, change);
    if (op.type === 'put' && byKey.get(key)?.type === 'put') {
      throw new NamingError(`endpoints: '${key}' is added twice`);
    }
    byKey.set(key, op);
  }
  return [...byKey.values()];
}

function toOp(format: RecordFormat, key: string, change: EndpointOp): Op {
  switch (change?.op) {
    case 'add':
      return {
        type: 'put',
        key: change.key,
        value: format.encode(key, change.endpoint),
        options: { lease: change.lease ?? 0n },
      };
    case 'delete':
      return { type: 'delete', range: change.key };
    default:
      throw badOpError((change as { readonly op?: unknown } | undefined)?.op);
  }
}

/** Go's text, followed by the allowed values. */
function badOpError(op: unknown): NamingError {
  return new NamingError(
    `endpoints: bad update op: op is ${formatValue(op)}; it must be one of 'add', 'delete'`,
  );
}
