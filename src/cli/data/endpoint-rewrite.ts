import type { Endpoint, JsonValue, KeyValue } from '../../index.js';
import { keyText } from '../../index.js';
import type { Target } from '../args/target.js';
import { CliError } from '../errors.js';
import { isJsonObject, parseRecord, rejectUnsafeIntegers } from './records.js';

/** An endpoint with a change in its metadata, and the value that stores it. */
export interface Rewrite {
  readonly endpoint: Endpoint;
  readonly value: Buffer;
  /** The other parts of the record that the value loses or changes; see {@link lostParts}. */
  readonly lost: readonly string[];
}

/** The endpoint of a record. @throws {CliError} if it has none. */
export function requireEndpoint(target: Target, kv: KeyValue): Endpoint {
  const { endpoint, problem } = parseRecord(target, kv);
  if (endpoint) return endpoint;
  throw new CliError(`'${keyText(kv.key)}' is not an endpoint: ${problem}`);
}

/** @throws {CliError} for a record that gets no calls, and for one that a copy of its metadata would change. */
export function requireRewritable({ addr }: Endpoint, kv: KeyValue): void {
  if (addr === '') throw new CliError(`'${keyText(kv.key)}' has no address, so it gets no calls`);
  rejectUnsafeIntegers(kv.value.toString());
}

/**
 * The metadata with another value for one member.
 * @param what the member in the message, such as `the mark`.
 * @throws {CliError} for metadata that is not an object.
 */
export function withMember(
  { metadata }: Endpoint,
  kv: KeyValue,
  member: { readonly [name: string]: JsonValue },
  what: string,
): JsonValue {
  if (metadata === undefined || isJsonObject(metadata)) return { ...metadata, ...member };
  throw new CliError(
    `the metadata of '${keyText(kv.key)}' is not an object, so it cannot contain ${what}; delete the record instead`,
  );
}
