import { formatLeaseId, keyText } from '../../../index.js';
import type { Queue, QueueEntry } from '../protocol/index.js';
import type { ClassifiedKeyValue, MemberContent } from './content.js';
import type { Seen } from './row.js';

interface Member {
  readonly kv: ClassifiedKeyValue;
  readonly entry: QueueEntry;
}

/** The queues of locks and elections. Pure: performs no IO. */
export class Queues {
  readonly #queues = new Map<string, MemberList>();

  put(kv: ClassifiedKeyValue, content: MemberContent, seen: Seen): void {
    let list = this.#queues.get(content.queue);
    if (!list) {
      list = new MemberList(content.queue);
      this.#queues.set(content.queue, list);
    }
    list.put(kv, content, seen);
  }

  remove(queue: string, key: string, seen: Seen): void {
    const list = this.#queues.get(queue);
    list?.remove(key, seen);
    if (list?.isEmpty) this.#queues.delete(queue);
  }

  /** The state of a queue; undefined if it is empty. */
  get(name: string): Queue | undefined {
    return this.#queues.get(name)?.toQueue();
  }

  all(): Queue[] {
    return [...this.#queues.values()].map((list) => list.toQueue());
  }
}

class MemberList {
  readonly #name: string;
  /** In the order in which they were created. */
  readonly #members: Member[] = [];
  #held: Seen = { firstSeen: 0, preexisting: false };

  constructor(name: string) {
    this.#name = name;
  }

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  put(kv: ClassifiedKeyValue, { value }: MemberContent, seen: Seen): void {
    const key = keyText(kv.key);
    const holder = this.#members[0];
    const known = this.#take(key);
    const isSame = known?.kv.createRevision === kv.createRevision;
    const { firstSeen, preexisting } = isSame ? known.entry : seen;
    const createRevision = String(kv.createRevision);
    const lease = formatLeaseId(kv.lease);
    this.#insert({ kv, entry: { key, lease, value, createRevision, firstSeen, preexisting } });
    this.#updateHolder(holder, seen);
  }

  remove(key: string, seen: Seen): void {
    const holder = this.#members[0];
    this.#take(key);
    this.#updateHolder(holder, seen);
  }

  toQueue(): Queue {
    const entries = this.#members.map(({ entry }) => entry);
    const kind = entries.some(({ value }) => value !== '') ? 'election' : 'lock';
    const { firstSeen: heldSince, preexisting: heldBefore } = this.#held;
    return { name: this.#name, kind, entries, heldSince, heldBefore };
  }

  /** An election's holder may put its key again, which is then the same: `createRevision` identifies it. */
  #updateHolder(before: Member | undefined, seen: Seen): void {
    const holder = this.#members[0];
    const isSame = holder?.entry.key === before?.entry.key;
    if (isSame && holder?.kv.createRevision === before?.kv.createRevision) return;
    this.#held = seen;
  }

  #take(key: string): Member | undefined {
    const i = this.#members.findIndex(({ entry }) => entry.key === key);
    return i < 0 ? undefined : this.#members.splice(i, 1)[0];
  }

  /** A new member is the last one, except in a list in key order. */
  #insert(member: Member): void {
    const { createRevision } = member.kv;
    const i = this.#members.findLastIndex(({ kv }) => kv.createRevision <= createRevision);
    this.#members.splice(i + 1, 0, member);
  }
}
