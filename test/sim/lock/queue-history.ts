import type { KeyValue } from '#src/model/index.js';

interface Head {
  readonly key: Buffer;
  readonly createRevision: bigint;
  /** The first revision at which it was the first key of the queue. */
  readonly from: bigint;
  /** The revision at which it was not any more. */
  to: bigint | undefined;
}

/** Which key was the first of the queue, at every revision. */
export class QueueHistory {
  #heads: Head[] = [];

  onChange(first: KeyValue | undefined, revision: bigint): void {
    const last = this.#heads.at(-1);
    const current = last?.to === undefined ? last : undefined;
    if (current && first?.createRevision === current.createRevision && first.key.equals(current.key)) return;
    if (current) current.to = revision;
    if (first)
      this.#heads.push({
        key: first.key,
        createRevision: first.createRevision,
        from: revision,
        to: undefined,
      });
  }

  /** The store was wiped. */
  clear(): void {
    this.#heads = [];
  }

  /** Why the key was not the first of the queue at the revision of its token; undefined if it was. */
  problemOf(key: Buffer, createRevision: bigint, token: bigint): string | undefined {
    const own = this.#heads.find((one) => one.createRevision === createRevision && one.key.equals(key));
    if (!own) return 'its key was never the first';
    if (token < own.from) return `its key was the first from ${own.from} on`;
    if (own.to !== undefined && token >= own.to) return `its key was the first until ${own.to}`;
    return undefined;
  }
}
