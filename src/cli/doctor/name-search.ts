import { type EtcdClient, EtcdError, type KeyRange, keyText } from '../../index.js';
import { distance } from '../../model/options/closest-name.js';

const maxReads = 30;
const keysPerRead = 500;
const maxEdits = 2;
const slash = 0x2f;

/** The result of a search for the services whose keys are spelt similarly. */
export interface SimilarNames {
  /** What precedes the ids in their keys, without the slash at the end. The most similar first. */
  readonly folders: readonly string[];
  /** The prefixes that could not be read; '' for all keys. */
  readonly unread: readonly string[];
  /** Whether the search ended because of its limit of reads. */
  readonly isCutShort: boolean;
}

/** The beginning of a name that may be meant. */
interface Candidate {
  /** It is empty, or ends with a slash. */
  readonly prefix: Buffer;
  /** The edits that turn it into the beginning of the wanted name. */
  readonly edits: number;
}

/**
 * Finds the folders below `root` whose parts differ from those of `name` only in case, or by at most two edits in all. It
 * reads one level of names after the other, without values, and skips the keys below a name. Below a prefix that cannot
 * be read it looks for the rest of the name as if its part were spelt correctly.
 */
export async function findSimilarNames(
  client: EtcdClient,
  root: string,
  name: string,
): Promise<SimilarNames> {
  const search = new NameSearch(client);
  const parts = name.replace(/^\/+|\/+$/g, '').split('/');
  let candidates: Candidate[] = [{ prefix: Buffer.from(root), edits: 0 }];
  for (const [i, part] of parts.entries()) {
    const next: Candidate[] = [];
    for (const candidate of candidates)
      next.push(...(await search.continue(candidate, part, i === parts.length - 1)));
    candidates = next.sort((a, b) => a.edits - b.edits);
  }
  const folders = candidates.map(({ prefix }) => keyText(prefix.subarray(0, -1)));
  return { folders, unread: search.unread, isCutShort: search.isCutShort };
}

class NameSearch {
  readonly #client: EtcdClient;
  readonly unread: string[] = [];
  isCutShort = false;
  #reads = 0;

  constructor(client: EtcdClient) {
    this.#client = client;
  }

  /** The candidates that are one part longer. */
  async continue({ prefix, edits }: Candidate, part: string, isLast: boolean): Promise<Candidate[]> {
    const children = await this.#childrenOf(prefix);
    if (!children) return isLast ? [] : [{ prefix: Buffer.concat([prefix, Buffer.from(`${part}/`)]), edits }];
    const found: Candidate[] = [];
    for (const [name, child] of children) {
      const total = edits + editsBetween(name, part);
      if (total <= maxEdits) found.push({ prefix: child, edits: total });
    }
    const rooted = prefix.length === 0 ? children.get('') : undefined;
    if (rooted) found.push(...(await this.continue({ prefix: rooted, edits }, part, isLast)));
    return found;
  }

  /** The parts below a prefix, each with the prefix of its keys; undefined if they cannot be read. */
  async #childrenOf(prefix: Buffer): Promise<Map<string, Buffer> | undefined> {
    const children = new Map<string, Buffer>();
    let range: KeyRange | undefined = { prefix };
    while (range) {
      const keys = await this.#keysIn(range);
      if (!keys) {
        this.unread.push(keyText(prefix));
        return undefined;
      }
      for (const key of keys) {
        const end = key.indexOf(slash, prefix.length);
        if (end >= 0) children.set(keyText(key.subarray(prefix.length, end)), key.subarray(0, end + 1));
      }
      const last = keys.length < keysPerRead ? undefined : keys.at(-1);
      range = last && rangeAfter(last, prefix);
    }
    return children;
  }

  async #keysIn(range: KeyRange): Promise<Buffer[] | undefined> {
    if (this.#reads++ >= maxReads) {
      this.isCutShort = true;
      return [];
    }
    try {
      const { kvs } = await this.#client.kv.range(range, { keysOnly: true, limit: keysPerRead });
      return kvs.map(({ key }) => Buffer.from(key));
    } catch (error) {
      if (error instanceof EtcdError) return undefined;
      throw error;
    }
  }
}

/** The keys with the prefix after `key`, and after all keys that have the same next part. */
function rangeAfter(key: Buffer, prefix: Buffer): KeyRange {
  const end = key.indexOf(slash, prefix.length);
  const start = end < 0 ? Buffer.concat([key, Buffer.alloc(1)]) : afterSlash(key.subarray(0, end + 1));
  return prefix.length === 0 ? { fromKey: start } : { key: start, rangeEnd: afterSlash(prefix) };
}

/** The first key after those with a prefix that ends with a slash. */
function afterSlash(prefix: Buffer): Buffer {
  return Buffer.concat([prefix.subarray(0, -1), Buffer.of(slash + 1)]);
}

/** The edits between two parts of names, regardless of case. Parts with other numbers, such as `shard-1`, are others. */
function editsBetween(name: string, wanted: string): number {
  if (name === wanted) return 0;
  const [a, b] = [name.toLowerCase(), wanted.toLowerCase()];
  if (a === b) return 0;
  if (withoutDigits(a) === withoutDigits(b)) return Number.POSITIVE_INFINITY;
  const edits = distance(a, b);
  // More edits than a third of the part turn short words into others, such as `eu` into `us`.
  return edits <= Math.max(a.length, b.length) / 3 ? edits : Number.POSITIVE_INFINITY;
}

function withoutDigits(text: string): string {
  return text.replace(/\d+/g, '');
}
