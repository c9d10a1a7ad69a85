import type { Revision, WatchEvent } from '../../../model/index.js';
import { lastRevision, type WatchReply } from '../cursor.js';

/** Joins the fragments of responses to complete revisions. */
export class Fragments {
  /** The last revision of the fragments so far, which the next one may continue. */
  #incomplete: WatchEvent[] = [];
  #bytes = 0;

  /** The memory that the incomplete revision takes, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether more fragments of a response are to come. */
  get isIncomplete(): boolean {
    return this.#incomplete.length > 0;
  }

  /** The incomplete revision; 0 when there is none. */
  get revision(): Revision {
    return lastRevision(this.#incomplete);
  }

  /** Returns the events of complete revisions. The last revision of a fragment is kept until the next fragment. */
  takeComplete({ events, fragment }: WatchReply & { kind: 'events' }): readonly WatchEvent[] {
    const before = this.#incomplete;
    if (!fragment && before.length === 0) return events;
    if (!fragment) {
      this.clear();
      return before.concat(events);
    }
    const last = lastRevision(events);
    const continues = lastRevision(before) === last;
    const cut = continues ? 0 : events.findIndex((event) => event.kv.modRevision === last);
    // In place, so that a revision of many fragments is not copied for each of them.
    if (!continues) this.clear();
    for (const event of events.slice(cut)) {
      this.#incomplete.push(event);
      this.#bytes += bytesOf(event);
    }
    return continues ? [] : before.concat(events.slice(0, cut));
  }

  clear(): void {
    this.#incomplete = [];
    this.#bytes = 0;
  }
}

/** The approximate size of an event's objects, without keys and values. */
const eventBytes = 512;

function bytesOf({ kv, prevKv }: WatchEvent): number {
  return (
    eventBytes + kv.key.length + kv.value.length + (prevKv ? prevKv.key.length + prevKv.value.length : 0)
  );
}
