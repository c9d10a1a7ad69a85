import { NamingError } from './errors.js';

/** Where a target's endpoints are stored: `<target>/`. The slash keeps `svc` from seeing `svc2`. */
export function keyPrefix(target: string): string {
  return `${target}/`;
}

/**
 * @throws {NamingError} `invalid target` for an empty one, as Go does; Go refuses nothing else. Half of a surrogate pair,
 *   which Go's strings cannot hold, is refused too: encoded, it would be the same name as any other half.
 */
export function checkTarget(target: string): string {
  if (typeof target !== 'string' || target === '') throw new NamingError('invalid target');
  return checkWhole('target', target);
}

/** @throws {NamingError} for a key outside the target, in Go's words. */
export function checkKey(target: string, key: string): string {
  if (typeof key === 'string' && key.startsWith(keyPrefix(target))) return checkWhole('key', key);
  throw new NamingError(
    `endpoints: endpoint key should be prefixed with '${keyPrefix(target)}' got: '${key}'`,
  );
}

/** Whether the key lies right below the target, and not in a target nested in it. */
export function isDirect(target: string, key: string): boolean {
  return !key.includes('/', keyPrefix(target).length);
}

const halfPair = /\p{Surrogate}/u;

function checkWhole(what: string, text: string): string {
  if (halfPair.test(text)) throw new NamingError(`invalid ${what}: it has half of a surrogate pair`);
  return text;
}
