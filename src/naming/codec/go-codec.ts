import { checkEndpointNames } from '../check-endpoint.js';
import type { Endpoint, JsonValue } from '../endpoint.js';
import { EndpointDecodeError, NamingError } from '../errors.js';
import { goJson } from '../json/go-json.js';
import { type JsonMember, readMembers } from '../json/reader.js';

/**
 * Encodes an endpoint to the same bytes as Go: `{"Op":0,"Addr":"…","Metadata":null}`. Numbers that `decodeEndpoint`
 * rounded, such as integers beyond 2^53, are written with their original digits.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/v3/naming/endpoints/internal/update.go#L41-L52
 *
 * @throws {NamingError} for an empty address, and for metadata that is not JSON or that readers reject;
 *   {InvalidInputError} for an unknown name.
 */
export function encodeEndpoint(endpoint: Endpoint): Buffer {
  checkEndpointNames(endpoint);
  const { addr, metadata } = endpoint ?? {};
  if (typeof addr !== 'string' || addr === '') throw new NamingError('the endpoint has no addr');
  return Buffer.from(`{"Op":0,"Addr":${goJson(addr)},"Metadata":${goJson(metadata, { exactDigits: true })}}`);
}

/**
 * Decodes a stored value as Go does. Names are case-insensitive, and unknown names are skipped. If `Addr` is repeated, the
 * last value that is not null counts; if `Metadata` is, the last value. A missing name has Go's zero value. `Op` is
 * checked and ignored. Numbers are float64, as in Go: an integer beyond 2^53 is rounded.
 * @throws {EndpointDecodeError} for values that Go rejects, such as a bare string, an `Op` of 256, or 10,000 nested lists.
 */
export function decodeEndpoint(value: Uint8Array): Endpoint {
  let addr = '';
  let metadata: JsonValue = null;
  for (const member of readMembers(value) ?? []) {
    // Go compares names by Unicode case folding. Only K and S have folded forms outside ASCII, and no name contains them.
    // Specification: https://github.com/golang/go/blob/go1.26.8/src/encoding/json/fold.go#L14
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

/** Decodes a stored value; undefined if it is not an endpoint. */
export function tryDecodeEndpoint(value: Uint8Array): Endpoint | undefined {
  try {
    return decodeEndpoint(value);
  } catch (error) {
    if (error instanceof EndpointDecodeError) return undefined;
    throw error;
  }
}

/** Whether `decodeEndpoint` accepts the value. */
export function isEndpoint(value: Uint8Array): boolean {
  return tryDecodeEndpoint(value) !== undefined;
}

/** Go decodes `Op` into a byte: only digits are accepted, and null is ignored. */
function checkOp({ value, text }: JsonMember): void {
  if (value === null || (/^\d{1,3}$/.test(text) && Number(text) <= 255)) return;
  throw new EndpointDecodeError(`Op is ${truncated(text)}, not a number from 0 to 255`);
}

function toAddr({ value, text }: JsonMember, before: string): string {
  if (value === null) return before;
  if (typeof value !== 'string') throw new EndpointDecodeError(`Addr is ${truncated(text)}, not a string`);
  return value;
}

/** A number beyond float64 is rejected even if a later member replaces it. */
function toMetadata({ value, tooLarge }: JsonMember): JsonValue {
  if (tooLarge !== undefined)
    throw new EndpointDecodeError(`Metadata contains ${truncated(tooLarge)}, which is beyond float64`);
  return value;
}

function truncated(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
