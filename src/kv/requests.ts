import { InvalidInputError } from '../errors/index.js';
import { type Bytes, checkInt64, type KeyRange, toBuffer, toWireRange } from '../model/index.js';
import type { DeleteRangeRequest, PutRequest, RangeRequest } from '../wire/index.js';
import type { DeleteOptions, PutOptions, RangeOptions } from './types.js';

// etcd's SortTarget and SortOrder. Sent only from these tables: an unknown target crashes servers before 3.6.
const sortTargets = { key: 0, version: 1, create: 2, mod: 3, value: 4 } as const;
const sortOrders = { ascend: 1, descend: 2 } as const;

export function rangeRequest(range: Bytes | KeyRange, options: RangeOptions = {}): RangeRequest {
  const { revision = 0n, limit = 0, sort } = options;
  if (typeof limit === 'number' && !Number.isSafeInteger(limit)) {
    throw new InvalidInputError(`limit is not a whole number: ${limit}`);
  }
  return {
    ...toWireRange(range),
    limit: checkInt64('limit', BigInt(limit), 0n),
    revision: checkInt64('revision', revision, 0n),
    sortOrder: sort ? known(sortOrders, sort.order, 'sort.order') : 0,
    sortTarget: sort ? known(sortTargets, sort.by, 'sort.by') : 0,
    serializable: options.serializable ?? false,
    keysOnly: options.keysOnly ?? false,
    countOnly: options.countOnly ?? false,
    minModRevision: 0n,
    maxModRevision: 0n,
    minCreateRevision: 0n,
    maxCreateRevision: 0n,
  };
}

export function putRequest(key: Bytes, value: Bytes, options: PutOptions = {}): PutRequest {
  return {
    key: toWireRange(key).key,
    value: toBuffer(value),
    lease: checkInt64('lease', options.lease ?? 0n, 0n),
    prevKv: options.prevKv ?? false,
    ignoreValue: false,
    ignoreLease: false,
  };
}

export function deleteRequest(range: Bytes | KeyRange, options: DeleteOptions = {}): DeleteRangeRequest {
  return { ...toWireRange(range), prevKv: options.prevKv ?? false };
}

export function known<T extends Readonly<Record<string, number>>>(
  table: T,
  name: keyof T & string,
  what: string,
): T[typeof name] {
  const value = table[name];
  if (value === undefined) {
    throw new InvalidInputError(`${what} is '${name}'; it must be one of ${Object.keys(table).join(', ')}`);
  }
  return value;
}
