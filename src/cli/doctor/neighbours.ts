import { type EtcdClient, EtcdError, type KeyRange, keyText } from '../../index.js';
import { distance } from '../../model/options/closest-name.js';
import type { Target } from '../target.js';
import { type Finding, some, warning } from './finding.js';

const mostKeys = 1_000;
const mostDistance = 2;

/** Where the records may be that are not where they were looked for. */
export async function findNeighbours(client: EtcdClient, target: Target): Promise<Finding[]> {
  const spellings = await otherSpellings(client, target);
  const bare = await keysIn(client, { key: target.service }, 1);
  const near = await similarServices(client, target, spellings);
  const found: Finding[] = [];
  if (bare.length > 0)
    found.push(
      warning(
        'neighbours',
        `there is a key '${target.service}' itself`,
        'a record lies below the service: <target>/<id>',
      ),
    );
  if (spellings.length > 0)
    found.push(
      warning(
        'neighbours',
        `there are records under ${quoted(spellings)}`,
        'is that the name that is meant?',
      ),
    );
  if (near.length > 0)
    found.push(warning('neighbours', `services nearby: ${quoted(near)}`, 'is one of them meant?'));
  return found;
}

/** Names that a slip of the pen makes of this one. */
export function spellingsOf({ service, authority }: Target): string[] {
  const trimmed = service.replace(/^\/+|\/+$/g, '');
  const spellings = new Set([
    trimmed,
    `/${trimmed}`,
    `${trimmed}/`,
    trimmed.replace(/\/{2,}/g, '/'),
    trimmed.trim(),
    service.toLowerCase(),
  ]);
  // Go drops the authority, and so may whoever registered.
  if (authority !== undefined) spellings.add(service.slice(authority.length + 1));
  spellings.delete(service);
  spellings.delete('');
  spellings.delete('/');
  return [...spellings];
}

async function otherSpellings(client: EtcdClient, target: Target): Promise<string[]> {
  const found: string[] = [];
  for (const spelling of spellingsOf(target))
    if ((await keysIn(client, { prefix: `${spelling}/` }, 1)).length > 0) found.push(spelling);
  return found;
}

/** Services that begin as this one does, or stand beside it or beneath and are spelt almost like it. */
async function similarServices(
  client: EtcdClient,
  target: Target,
  known: readonly string[],
): Promise<string[]> {
  const { service } = target;
  const parent = service.slice(0, service.replace(/\/+$/, '').lastIndexOf('/') + 1);
  const keys = [
    ...(await keysIn(client, { prefix: service }, mostKeys)),
    ...(await keysIn(client, { prefix: parent }, mostKeys)),
  ];
  const services = new Set(
    keys.filter((key) => key.lastIndexOf('/') > 0).map((key) => key.slice(0, key.lastIndexOf('/'))),
  );
  const isNear = (name: string) => name.startsWith(service) || distance(name, service) <= mostDistance;
  return [...services].filter((name) => name !== service && !known.includes(name) && isNear(name));
}

/** What may not be read is no neighbour. */
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
  return some(names.map((name) => `'${name}'`));
}
