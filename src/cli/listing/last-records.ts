import { keyText, type Revision, type WatchEvent } from '../../index.js';
import type { Target } from '../args/target.js';
import { parseRecord } from '../data/records.js';
import type { ListedEndpoint } from './listing.js';

/** What a watch shows of a key between two lists. */
interface KeyState {
  /** The last value that was an endpoint. */
  readonly record?: Pick<ListedEndpoint, 'addr' | 'metadata' | 'lease'>;
  /** Whether the last value is not an endpoint. */
  readonly invalid: boolean;
  readonly deleted: boolean;
  readonly revision: Revision;
}

/**
 * The last records of keys that change between two lists: a record that is written and deleted within one interval, as when
 * a registration closes, is in neither of them.
 */
export class LastRecords {
  readonly #target: Target;
  readonly #states = new Map<string, KeyState>();

  constructor(target: Target) {
    this.#target = target;
  }

  /** Call it with all events of the watch, in order. */
  apply(events: readonly WatchEvent[]): void {
    for (const event of events) {
      const key = keyText(event.kv.key);
      const known = this.#states.get(key);
      // What follows a deletion belongs to another record, which a later list shows.
      if (!known?.deleted) this.#states.set(key, this.#next(event, known));
    }
  }

  get(key: string): KeyState | undefined {
    return this.#states.get(key);
  }

  /** Forgets what a list of this revision shows. */
  forget(listed: Revision): void {
    for (const [key, { revision }] of this.#states) if (revision <= listed) this.#states.delete(key);
  }

  /** Forgets everything: the revisions of another store do not compare. */
  clear(): void {
    this.#states.clear();
  }

  #next({ type, kv }: WatchEvent, known: KeyState | undefined): KeyState {
    const revision = kv.modRevision;
    if (type === 'delete') return { invalid: false, ...known, deleted: true, revision };
    const { endpoint } = parseRecord(this.#target, kv);
    if (!endpoint) return { ...known, invalid: true, deleted: false, revision };
    const { addr, metadata } = endpoint;
    return { record: { addr, metadata, lease: kv.lease }, invalid: false, deleted: false, revision };
  }
}
