import type { Endpoint, JsonValue } from './endpoint.js';
import { EndpointDecodeError, NamingError } from './errors.js';
import { goJson } from './go-json.js';

/**
 * The value stored for an endpoint, byte-equal to Go's: `{"Op":0,"Addr":"…","Metadata":null}`.
 * @throws {NamingError} for an empty address or metadata that JSON cannot hold.
 */
export function encodeEndpoint(endpoint: Endpoint): Buffer {
  const { addr, metadata } = endpoint ?? {};
  if (typeof addr !== 'string' || addr === '') throw new NamingError('the endpoint has no addr');
  return Buffer.from(`{"Op":0,"Addr":${goJson(addr)},"Metadata":${goJson(metadata)}}`);
}

/**
 * Reads a stored value as Go does: names in any case, unknown ones skipped, missing ones at their zero, `Op`
 * checked and ignored.
 * @throws {EndpointDecodeError} for what Go refuses too, such as a bare string or an `Op` of 256.
 */
export function decodeEndpoint(value: Uint8Array): Endpoint {
  const parsed = parse(value);
  if (parsed === null) return { addr: '' };
  if (typeof parsed !== 'object' || Array.isArray(parsed))
    throw new EndpointDecodeError('the value is not a JSON object');
  let addr = '';
  let metadata: JsonValue = null;
  for (const [name, member] of Object.entries(parsed as Record<string, JsonValue>)) {
    switch (name.toLowerCase()) {
      case 'op':
        checkOp(member);
        break;
      case 'addr':
        addr = toAddr(member, addr);
        break;
      case 'metadata':
        metadata = member;
    }
  }
  if (!allFinite(metadata))
    throw new EndpointDecodeError('Metadata holds a number beyond all that JSON’s readers know');
  return metadata === null ? { addr } : { addr, metadata };
}

function parse(value: Uint8Array): JsonValue {
  try {
    return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  } catch {
    throw new EndpointDecodeError('the value is not JSON'); // the parser's own error quotes the record
  }
}

/** JSON.parse reads `1e400` as Infinity, which Go refuses and which could not be stored again. */
function allFinite(value: JsonValue): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'number' && !Number.isFinite(next)) return false;
    if (typeof next === 'object' && next !== null)
      for (const member of Object.values(next)) open.push(member);
  }
  return true;
}

/** Go reads it into a byte, and leaves it as it is for null. */
function checkOp(op: JsonValue): void {
  if (op === null) return;
  if (typeof op !== 'number' || !Number.isInteger(op) || op < 0 || op > 255) {
    throw new EndpointDecodeError(`Op is ${JSON.stringify(op)}, not a number from 0 to 255`);
  }
}

function toAddr(addr: JsonValue, before: string): string {
  if (addr === null) return before;
  if (typeof addr !== 'string')
    throw new EndpointDecodeError(`Addr is ${JSON.stringify(addr)}, not a string`);
  return addr;
}
