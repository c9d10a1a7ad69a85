import { keyPrefix } from '../target/index.js';
import { CodecFormat } from './codec-format.js';
import type { EndpointCodec } from './endpoint-codec.js';
import { encodeEndpoint, tryDecodeEndpoint } from './go-codec.js';
import { goEndpoints } from './go-endpoints.js';
import type { RecordFormat } from './record-format.js';
import { retainEndpoint } from './retain-endpoint.js';

/**
 * Returns the format of a service's records: Go's without a codec.
 * @throws {NamingError} for a service whose name the codec does not accept.
 */
export function recordFormat(service: string, codec: EndpointCodec | undefined): RecordFormat {
  return codec === undefined || codec === goEndpoints ? goFormat(service) : new CodecFormat(service, [codec]);
}

/** Leaves out the keys that are not directly below the prefix. */
export function directOnly(format: RecordFormat): RecordFormat {
  const { prefix, canDrain, retain } = format;
  return {
    prefix,
    canDrain,
    decode: (key, value) => (key.includes('/', prefix.length) ? 'foreign' : format.decode(key, value)),
    encode: (key, endpoint) => format.encode(key, endpoint),
    retain,
  };
}

function goFormat(service: string): RecordFormat {
  return {
    prefix: keyPrefix(service),
    canDrain: true,
    decode: (_key, value) => tryDecodeEndpoint(value) ?? 'invalid',
    encode: (_key, endpoint) => encodeEndpoint(endpoint),
    retain: retainEndpoint,
  };
}
