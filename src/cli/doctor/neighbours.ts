import { type EtcdClient, EtcdError, type KeyRange, keyText } from '../../index.js';
import type { Target } from '../args/target.js';
import { codecPrefix, serviceOf } from '../data/services.js';
import { joinSome } from '../output/text.js';
import { type Finding, warning } from './finding.js';
import { findSimilarNames, type SimilarNames } from './name-search.js';

const maxKeys = 1_000;

/** Looks for the records of a target that has none: under other spellings, and under similar names. */
export async function findNeighbours(client: EtcdClient, target: Target): Promise<Finding[]> {
  const spellings = await existingSpellings(client, target);
  const folder = target.prefix.slice(0, -1);
  const keyAtName = await keysIn(client, { key: folder }, 1);
  const root = target.codec?.root ?? '';
  const elsewhere = await findSimilarNames(client, root, folder.slice(root.length));
  const known = new Set([target.service, ...spellings]);
  const names = servicesOf(target, [...(await longerFolders(client, folder)), ...elsewhere.folders]);
  const similar = new Set(names.filter((name) => !known.has(name)));
  const findings: Finding[] = [];
  if (keyAtName.length > 0)
    findings.push(
      warning(
        'neighbours',
        `the name itself, '${folder}', is a key`,
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
export function likelySpellings({ service, authority, codec }: Target): string[] {
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
  const inner = codec?.serviceOf?.(`${service}/id`);
  if (inner !== undefined) spellings.add(inner); // the name was written with the root
  spellings.delete(service);
  spellings.delete('');
  spellings.delete('/');
  return [...spellings];
}

async function existingSpellings(client: EtcdClient, target: Target): Promise<string[]> {
  const found: string[] = [];
  for (const spelling of likelySpellings(target)) {
    const prefix = codecPrefix(spelling, target.codec);
    if (prefix === undefined || prefix === target.prefix) continue;
    if ((await keysIn(client, { prefix }, 1)).length > 0) found.push(spelling);
  }
  return found;
}

/** The folders of services whose name begins with this one, such as `my-service-v2` for `my-service`. */
async function longerFolders(client: EtcdClient, folder: string): Promise<string[]> {
  const keys = await keysIn(client, { prefix: folder }, maxKeys);
  return keys.map((key) => key.slice(0, key.lastIndexOf('/'))).filter((name) => name.startsWith(folder));
}

function servicesOf({ codec }: Target, folders: readonly string[]): string[] {
  return folders.flatMap((folder) => serviceOf(codec, `${folder}/id`) ?? []);
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
