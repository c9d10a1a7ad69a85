import { NamingError } from '../errors.js';
import { CodecFormat, codecPrefix } from './codec-format.js';
import type { EndpointCodec } from './endpoint-codec.js';
import { recordFormat } from './format-of.js';
import { goEndpoints } from './go-endpoints.js';
import type { RecordFormat } from './record-format.js';

/**
 * Returns the formats of a service's records, one for each key prefix, in the order of the codecs.
 * @throws {NamingError} for a service whose name a codec does not accept, and for prefixes that contain each other.
 */
export function recordFormats(service: string, codecs: readonly EndpointCodec[]): readonly RecordFormat[] {
  const [first, ...others] = codecs;
  if (others.length === 0) return [recordFormat(service, first)];
  const byPrefix = new Map<string, [EndpointCodec, ...EndpointCodec[]]>();
  for (const codec of codecs) {
    const prefix = codecPrefix(codec, service);
    const same = byPrefix.get(prefix);
    if (same) same.push(codec);
    else byPrefix.set(prefix, [codec]);
  }
  checkSeparate(service, [...byPrefix.keys()]);
  return [...byPrefix.values()].map((same) => new CodecFormat(service, same));
}

/**
 * Identifies where and in which formats the records of a service are stored, as JSON; undefined for the default. Views
 * that are stored under the service's name alone would be those of another format.
 */
export function formatsId(service: string, codecs: readonly EndpointCodec[]): string | undefined {
  const [first, ...others] = codecs;
  if (others.length === 0 && first === goEndpoints) return undefined;
  return JSON.stringify(codecs.map((codec) => idOf(service, codec)));
}

function idOf(service: string, codec: EndpointCodec): readonly string[] {
  const { name, variant } = codec;
  const id = [name, codecPrefix(codec, service)];
  return variant === undefined ? id : [...id, variant];
}

/** A key below two prefixes would be a record of both. */
function checkSeparate(service: string, prefixes: readonly string[]): void {
  for (const outer of prefixes) {
    const inner = prefixes.find((one) => one !== outer && one.startsWith(outer));
    if (inner !== undefined)
      throw new NamingError(
        `the codecs have prefixes for '${service}' of which one contains the other: '${outer}' and '${inner}'`,
      );
  }
}
