import { type Bytes, formatValue, isKeyText, keyText } from '../../model/index.js';
import { NamingError } from '../errors.js';

/** Where a target's endpoints are stored: `<target>/`. The slash keeps `svc` from seeing `svc2`. */
export function keyPrefix(target: string): string {
  return `${target}/`;
}

/**
 * @throws {NamingError} `invalid target` for an empty service name, as Go does; Go refuses nothing else. Half of a
 *   surrogate pair, which Go's strings cannot hold, is refused too: encoded, it would be the same name as any other half.
 */
export function checkService(service: string): string {
  if (typeof service !== 'string' || service === '')
    throw new NamingError(
      `invalid target: target is ${formatValue(service)}; it must be a name such as 'foo/bar'`,
    );
  if (/\p{Surrogate}/u.test(service)) throw new NamingError(`invalid target: ${loneSurrogateText}`);
  return service;
}

/**
 * The key's text; see {@link keyText}.
 * @throws {NamingError} for a key outside the target, in Go's words, and for a text that is no key's.
 */
export function checkKey(target: string, key: Bytes): string {
  const text = key instanceof Uint8Array ? keyText(key) : key;
  if (typeof text !== 'string' || !text.startsWith(keyPrefix(target)))
    throw new NamingError(
      `endpoints: endpoint key should be prefixed with '${keyPrefix(target)}' got: '${text}'`,
    );
  if (!isKeyText(text)) throw new NamingError(`invalid key: ${loneSurrogateText}`);
  return text;
}

/** Whether the key lies right below the target, and not in a target nested in it. */
export function isDirectChild(target: string, key: string): boolean {
  return !key.includes('/', keyPrefix(target).length);
}

const loneSurrogateText = 'it has half of a surrogate pair';
