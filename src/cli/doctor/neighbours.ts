import { type EtcdClient, EtcdError, type KeyRange, keyText } from '../../index.js';
import type { Target } from '../args/target.js';
import { type Finding, joinSome, warning } from './finding.js';
import { findSimilarNames, type SimilarNames } from './name-search.js';

const maxKeys = 1_000;

/** Looks for the records of a target that has none: under other spellings, and under similar names. */
export async function findNeighbours(client: EtcdClient, target: Target): Promise<Finding[]> {
  const spellings = await existingSpellings(client, target);
  const keyAtName = await keysIn(client, { key: target.service }, 1);
  const elsewhere = await findSimilarNames(client, target.service);
  const known = new Set([target.service, ...spellings]);
  const names = [...(await longerNames(client, target)), ...elsewhere.names];
  const similar = new Set(names.filter((name) => !known.has(name)));
  const findings: Finding[] = [];
  if (keyAtName.length > 0)
    findings.push(
      warning(
        'neighbours',
        `the name itself, '${target.service}', is a key`,
        'a record is stored below the service: <target>/<id>',
      ),
    );
  if (spellings.length > 0)
    findings.push(
      warning(
        'neighbours',
        `there are records under ${quoted(spellings)}`,
        `check whether the intended name is ${quoted(spellings)}`,
      ),
    );
  if (similar.size > 0)
    findings.push(
      warning(
        'neighbours',
        `similar services: ${quoted([...similar])}`,
        `check whether the intended name is ${quoted([...similar])}`,
      ),
    );
  return [...findings, ...limitsOf(elsewhere)];
}

/** Where no other spelling was looked for. */
function limitsOf({ unread, isCutShort }: SimilarNames): Finding[] {
  const findings: Finding[] = [];
  if (unread.length > 0) {
    const prefixes = joinSome(unread.map((prefix) => (prefix === '' ? 'all keys' : `'${prefix}'`)));
    findings.push(
      warning('neighbours', `not searched for other spellings, because they cannot be read: ${prefixes}`),
    );
  }
  if (isCutShort)
    findings.push(
      warning('neighbours', 'not all names were searched for other spellings: there are too many'),
    );
  return findings;
}

/** Variants of the name that result from common mistakes: slashes, white space, upper case, the authority. */
export function likelySpellings({ service, authority }: Target): string[] {
  const trimmed = service.replace(/^\/+|\/+$/g, '');
  const spellings = new Set([
    trimmed,
    `/${trimmed}`,
    `${trimmed}/`,
    trimmed.replace(/\/{2,}/g, '/'),
    trimmed.trim(),
    service.toLowerCase(),
  ]);
  // Go ignores the authority, so a server may be registered without it.
  if (authority !== undefined) spellings.add(service.slice(authority.length + 1));
  spellings.delete(service);
  spellings.delete('');
  spellings.delete('/');
  return [...spellings];
}

async function existingSpellings(client: EtcdClient, target: Target): Promise<string[]> {
  const found: string[] = [];
  for (const spelling of likelySpellings(target))
    if ((await keysIn(client, { prefix: `${spelling}/` }, 1)).length > 0) found.push(spelling);
  return found;
}

/** Services whose name begins with this one, such as `my-service-v2` for `my-service`. */
async function longerNames(client: EtcdClient, { service }: Target): Promise<string[]> {
  const keys = await keysIn(client, { prefix: service }, maxKeys);
  return keys.map((key) => key.slice(0, key.lastIndexOf('/'))).filter((name) => name.startsWith(service));
}

/** Returns no keys for a range that cannot be read. */
async function keysIn(client: EtcdClient, range: KeyRange, limit: number): Promise<string[]> {
  try {
    const { kvs } = await client.kv.range(range, { keysOnly: true, limit });
    return kvs.map(({ key }) => keyText(key));
  } catch (error) {
    if (error instanceof EtcdError) return [];
    throw error;
  }
}

function quoted(names: readonly string[]): string {
  return joinSome(names.map((name) => `'${name}'`));
}
