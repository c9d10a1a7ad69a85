import { checkEndpointNames } from './check-endpoint.js';
import type { Endpoint, JsonValue } from './endpoint.js';
import { EndpointDecodeError, NamingError } from './errors.js';
import { goJson } from './go-json.js';
import { type JsonMember, readMembers } from './json-reader.js';

/**
 * The value stored for an endpoint, byte-equal to Go's: `{"Op":0,"Addr":"…","Metadata":null}`. Numbers of metadata that
 * `decodeEndpoint` rounded, such as integers beyond 2^53, are written with the digits that were read.
 * @throws {NamingError} for an empty address, and for metadata that JSON cannot hold or that readers would refuse;
 *   {InvalidInputError} for an unknown name.
 */
export function encodeEndpoint(endpoint: Endpoint): Buffer {
  checkEndpointNames(endpoint);
  const { addr, metadata } = endpoint ?? {};
  if (typeof addr !== 'string' || addr === '') throw new NamingError('the endpoint has no addr');
  return Buffer.from(`{"Op":0,"Addr":${goJson(addr)},"Metadata":${goJson(metadata, { exactDigits: true })}}`);
}

/**
 * Reads a stored value as Go does: names in any case, unknown ones skipped, the last of several that is not null, missing
 * ones at their zero, `Op` checked and ignored. Numbers of metadata are float64, as Go's: an integer beyond 2^53 is rounded.
 * @throws {EndpointDecodeError} for what Go refuses too, such as a bare string, an `Op` of 256, or lists in each other
 *   10,000 times.
 */
export function decodeEndpoint(value: Uint8Array): Endpoint {
  let addr = '';
  let metadata: JsonValue = null;
  for (const member of readMembers(value) ?? []) {
    // Go folds letters by Unicode, where only K and S have forms outside of ASCII: no name here has either.
    switch (member.name.toLowerCase()) {
      case 'op':
        checkOp(member);
        break;
      case 'addr':
        addr = toAddr(member, addr);
        break;
      case 'metadata':
        metadata = toMetadata(member);
    }
  }
  return metadata === null ? { addr } : { addr, metadata };
}

/** Whether `decodeEndpoint` reads it. */
export function isEndpoint(value: Uint8Array): boolean {
  try {
    decodeEndpoint(value);
    return true;
  } catch (error) {
    if (error instanceof EndpointDecodeError) return false;
    throw error;
  }
}

/** Go reads it into a byte, by its digits alone, and leaves it as it is for null. */
function checkOp({ value, text }: JsonMember): void {
  if (value === null || (/^\d{1,3}$/.test(text) && Number(text) <= 255)) return;
  throw new EndpointDecodeError(`Op is ${truncated(text)}, not a number from 0 to 255`);
}

function toAddr({ value, text }: JsonMember, before: string): string {
  if (value === null) return before;
  if (typeof value !== 'string') throw new EndpointDecodeError(`Addr is ${truncated(text)}, not a string`);
  return value;
}

/** A number that float64 does not have is refused also where a later member takes its place. */
function toMetadata({ value, tooLarge }: JsonMember): JsonValue {
  if (tooLarge !== undefined)
    throw new EndpointDecodeError(`Metadata holds ${truncated(tooLarge)}, which is beyond float64`);
  return value;
}

function truncated(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
