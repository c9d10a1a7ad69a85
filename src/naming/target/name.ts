import {
  type Bytes,
  formatValue,
  hasLoneSurrogate,
  isKeyText,
  keyText,
  loneSurrogateText,
} from '../../model/index.js';
import { NamingError } from '../errors.js';

/** The key prefix of a target's endpoints in Go's format: `<target>/`. The slash separates `svc` from `svc2`. */
export function keyPrefix(target: string): string {
  return `${target}/`;
}

/**
 * Checks a service name, and returns it.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/v3/naming/endpoints/endpoints_impl.go#L40-L46
 *
 * @throws {NamingError} `invalid target` for an empty service name, as in Go, which rejects nothing else. A lone
 *   surrogate is rejected as well: all lone surrogates have the same UTF-8 encoding, and no Go client could use the name.
 */
export function checkService(service: string): string {
  if (typeof service !== 'string' || service === '')
    throw new NamingError(
      `invalid target: target is ${formatValue(service)}; it must be a name such as 'foo/bar'`,
    );
  if (hasLoneSurrogate(service)) throw new NamingError(`invalid target: it ${loneSurrogateText}`);
  return service;
}

/**
 * Checks that a key has the prefix of a target, and returns the key's text; see {@link keyText}.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/v3/naming/endpoints/endpoints_impl.go#L60
 *
 * @throws {NamingError} for a key outside the target, with Go's text, and for a text that cannot be a key's.
 */
export function checkKey(prefix: string, key: Bytes): string {
  const text = key instanceof Uint8Array ? keyText(key) : key;
  if (typeof text !== 'string' || !text.startsWith(prefix))
    throw new NamingError(`endpoints: endpoint key should be prefixed with '${prefix}' got: '${text}'`);
  if (!isKeyText(text)) throw new NamingError(`invalid key: it ${loneSurrogateText}`);
  return text;
}
