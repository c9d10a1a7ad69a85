import { InvalidInputError } from '../errors/index.js';
import {
  type Bytes,
  formatValue,
  type KeyRange,
  noOptions,
  notBytesError,
  printable,
  toBuffer,
  toWireRange,
} from '../model/index.js';
import type { DeleteRangeRequest, PutRequest, RangeRequest } from '../wire/index.js';
import type { DeleteOptions, PutOptions, RangeOptions } from './types.js';

// etcd's SortTarget and SortOrder. Other values are never sent: an unknown target crashes servers before 3.6.
const sortTargets = { key: 0, version: 1, create: 2, mod: 3, value: 4 } as const;
const sortOrders = { ascend: 1, descend: 2 } as const;

const noBytes = Buffer.alloc(0);

/**
 * Builds the request. Each option was checked before.
 * @throws {InvalidInputError} if two options exclude each other; the text names them.
 */
export function rangeRequest(range: Bytes | KeyRange, options: RangeOptions = noOptions): RangeRequest {
  const { key, rangeEnd } = toWireRange(range);
  const { limit, sort } = options;
  const request: RangeRequest = {
    key,
    rangeEnd,
    limit: limit === undefined ? 0n : BigInt(limit),
    revision: options.revision ?? 0n,
    sortOrder: sort ? codeOf(sortOrders, sort.order, 'sort.order') : 0,
    sortTarget: sort ? codeOf(sortTargets, sort.by, 'sort.by') : 0,
    serializable: options.serializable ?? false,
    keysOnly: options.keysOnly ?? false,
    countOnly: options.countOnly ?? false,
    minModRevision: options.minModRevision ?? 0n,
    maxModRevision: options.maxModRevision ?? 0n,
    minCreateRevision: options.minCreateRevision ?? 0n,
    maxCreateRevision: options.maxCreateRevision ?? 0n,
  };
  if (options !== noOptions) checkConflicts(request);
  return request;
}

function checkConflicts(request: RangeRequest): void {
  checkBounds(request, 'minModRevision', 'maxModRevision');
  checkBounds(request, 'minCreateRevision', 'maxCreateRevision');
  if (request.countOnly) refuseFiltersOfCount(request);
}

/** The value may be undefined only with `ignoreValue`. @throws {InvalidInputError} as `rangeRequest`. */
export function putRequest(
  key: Bytes,
  value: Bytes | undefined,
  options: PutOptions = noOptions,
): PutRequest {
  const { ignoreValue = false, ignoreLease = false, lease = 0n } = options;
  const bytes = ignoreValue && value === undefined ? noBytes : valueBytes(key, value);
  if (ignoreValue && bytes.length > 0) {
    throw new InvalidInputError(
      `ignoreValue is given with a value of ${bytes.length} bytes; it must be empty or undefined`,
    );
  }
  if (ignoreLease && lease !== 0n)
    throw new InvalidInputError(`ignoreLease is given with the lease ${lease}; give one of them`);
  return {
    key: toWireRange(checkSingleKey(key, 'put()')).key,
    value: bytes,
    lease,
    prevKv: options.prevKv ?? false,
    ignoreValue,
    ignoreLease,
  };
}

/** @throws {InvalidInputError} for a range of keys, which JavaScript callers may pass: its end would be ignored. */
export function checkSingleKey(key: Bytes, method: string, hint = ''): Bytes {
  if (typeof key === 'string' || key instanceof Uint8Array) return key;
  throw new InvalidInputError(
    `the key of ${method} is ${formatValue(key)}; it must be a string or a Uint8Array${hint}`,
  );
}

function valueBytes(key: Bytes, value: Bytes | undefined): Buffer {
  if (typeof value === 'string' || value instanceof Uint8Array) return toBuffer(value);
  throw notBytesError(`the value of put '${printable(checkSingleKey(key, 'put()'))}'`, value);
}

export function deleteRequest(
  range: Bytes | KeyRange,
  options: DeleteOptions = noOptions,
): DeleteRangeRequest {
  const { key, rangeEnd } = toWireRange(range);
  return { key, rangeEnd, prevKv: options.prevKv ?? false };
}

export function codeOf<T extends Readonly<Record<string, number>>>(
  table: T,
  name: keyof T & string,
  what: string,
): T[typeof name] {
  if (!Object.hasOwn(table, name)) {
    throw new InvalidInputError(`${what} is '${name}'; it must be one of ${Object.keys(table).join(', ')}`);
  }
  return table[name];
}

type Filter = 'minModRevision' | 'maxModRevision' | 'minCreateRevision' | 'maxCreateRevision';

function checkBounds(request: RangeRequest, min: Filter, max: Filter): void {
  if (request[max] === 0n || request[min] <= request[max]) return;
  throw new InvalidInputError(
    `${min} is ${request[min]}n and ${max} is ${request[max]}n; no key can be in both bounds`,
  );
}

/** etcd ignores these options in a count and returns the number of all keys. */
function refuseFiltersOfCount(request: RangeRequest): void {
  for (const name of [
    'limit',
    'minModRevision',
    'maxModRevision',
    'minCreateRevision',
    'maxCreateRevision',
  ] as const) {
    if (request[name] !== 0n) {
      throw new InvalidInputError(
        `countOnly is given with ${name} ${request[name]}n; etcd counts every key of the range regardless`,
      );
    }
  }
}
