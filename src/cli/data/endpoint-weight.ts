import { type Endpoint, type EndpointCodec, type KeyValue, keyText, NamingError } from '../../index.js';
import { recordFormat } from '../../internal.js';
import type { Target } from '../args/target.js';
import { type Rewrite, requireRewritable, withMember } from './endpoint-rewrite.js';
import { isJsonObject } from './records.js';
import { lostParts } from './rewriting.js';

/** The largest weight that the command stores: a record with an integer beyond float64 cannot be drained by it. */
export const maxWeight = Number.MAX_SAFE_INTEGER;

/**
 * Sets the weight of a record's endpoint.
 * @returns undefined if it has this weight already.
 * @throws {CliError} for a record that cannot have a weight, and for one of which more would change; {NamingError} for a
 * weight that the codec cannot write.
 */
export function rewriteWeight(
  target: Target,
  kv: KeyValue,
  endpoint: Endpoint,
  weight: number,
): Rewrite | undefined {
  if (isJsonObject(endpoint.metadata) && endpoint.metadata['weight'] === weight) return undefined;
  requireRewritable(endpoint, kv);
  const metadata = withMember(endpoint, kv, { weight }, 'a weight');
  const lost = lostParts(target, kv, 'set the weight', copyOf(endpoint));
  const updated = { addr: endpoint.addr, metadata };
  return { endpoint: updated, value: target.format.encode(keyText(kv.key), updated), lost };
}

/** A copy has only the digits that are written: a decoded object remembers those that float64 does not have. */
function copyOf({ addr, metadata }: Endpoint): Endpoint {
  return isJsonObject(metadata) ? { addr, metadata: { ...metadata } } : { addr };
}

/** Whether the records of a format can have a weight. @param codec undefined for Go's format. */
export function canSetWeight(codec: EndpointCodec | undefined): boolean {
  const addr = '192.0.2.1:1';
  try {
    const format = recordFormat('service.example', codec);
    const key = format.prefix + (codec?.defaultId?.(addr) ?? addr);
    format.encode(key, { addr, metadata: { weight: 2 } });
    return true;
  } catch (error) {
    if (error instanceof NamingError) return false;
    throw error;
  }
}
