import type { MirrorUpdate, ResyncReason } from '../mirror/index.js';
import { type KeyValue, keyText, type Revision, withJson } from '../model/index.js';
import type { NoEndpoint, RecordFormat } from './codec/record-format.js';
import type { EndpointRecord } from './endpoint.js';

/** A change of a target's endpoints. */
export type EndpointEvent =
  | {
      /** All endpoints: the first event, and another one after watch history was lost. It replaces all earlier events. */
      readonly type: 'snapshot';
      /** Why the snapshot was read. */
      readonly reason: ResyncReason;
      /** The revision of the snapshot. */
      readonly revision: Revision;
      /** The endpoints by key. */
      readonly endpoints: ReadonlyMap<string, EndpointRecord>;
      /** The keys, as text, whose values are not endpoints. They do not affect the other records. */
      readonly invalid: ReadonlySet<string>;
    }
  | {
      /**
       * The changes of one revision, which has all changes of a transaction. An EndpointSet on a mirror without
       * `eachRevision` may combine several revisions.
       */
      readonly type: 'delta';
      /** The last revision that the event covers. */
      readonly revision: Revision;
      /** The records of new keys. */
      readonly added: readonly EndpointRecord[];
      /** The new records of changed keys. */
      readonly changed: readonly EndpointRecord[];
      /** The keys of deleted records, and of records that are no longer readable. */
      readonly removed: readonly string[];
      /** All keys whose values are not endpoints, after this change. */
      readonly invalid: ReadonlySet<string>;
    };

/** A target's endpoints, updated from a mirror's updates. */
export class EndpointSet {
  readonly #format: RecordFormat;
  readonly #records = new Map<string, EndpointRecord>();
  #invalid: ReadonlySet<string> = new Set();
  /**
   * The copy of `#invalid` for the current update; undefined until one is needed. Events share it, so it is not changed
   * later.
   */
  #draft: Set<string> | undefined;

  constructor(format: RecordFormat) {
    this.#format = format;
  }

  /** The records by key, in the order in which the keys were added. */
  get records(): ReadonlyMap<string, EndpointRecord> {
    return this.#records;
  }

  get invalid(): ReadonlySet<string> {
    return this.#invalid;
  }

  apply(update: MirrorUpdate): EndpointEvent {
    this.#draft = undefined;
    return update.type === 'snapshot' ? this.#replace(update) : this.#change(update);
  }

  #replace({ reason, revision, kvs }: MirrorUpdate & { type: 'snapshot' }): EndpointEvent {
    this.#records.clear();
    this.#draft = new Set();
    this.#invalid = this.#draft;
    for (const [key, kv] of kvs) this.#put(key, kv);
    const endpoints = new Map(this.#records);
    return withJson({ type: 'snapshot', reason, revision, endpoints, invalid: this.#invalid });
  }

  #change({ revision, puts, deletes }: MirrorUpdate & { type: 'delta' }): EndpointEvent {
    const added: EndpointRecord[] = [];
    const changed: EndpointRecord[] = [];
    const removed: string[] = [];
    for (const key of deletes) {
      this.#markInvalid(key, false);
      if (this.#records.delete(key)) removed.push(key);
    }
    for (const [key, kv] of puts) {
      const known = this.#records.has(key);
      const record = this.#put(key, kv);
      if (record) (known ? changed : added).push(record);
      else if (known) removed.push(key);
    }
    return withJson({ type: 'delta', revision, added, changed, removed, invalid: this.#invalid });
  }

  #put(key: string, kv: KeyValue): EndpointRecord | undefined {
    const record = toRecord(this.#format, kv, key);
    this.#markInvalid(key, record === 'invalid');
    if (typeof record === 'object') {
      this.#records.set(key, record);
      return record;
    }
    this.#records.delete(key);
    return undefined;
  }

  #markInvalid(key: string, invalid: boolean): void {
    if (this.#invalid.has(key) === invalid) return;
    this.#draft ??= new Set(this.#invalid);
    if (invalid) this.#draft.add(key);
    else this.#draft.delete(key);
    this.#invalid = this.#draft;
  }
}

/** Decodes a key-value. */
export function toRecord(
  format: RecordFormat,
  kv: KeyValue,
  key = keyText(kv.key),
): EndpointRecord | NoEndpoint {
  const endpoint = format.decode(key, kv.value);
  if (typeof endpoint !== 'object') return endpoint;
  const { createRevision, modRevision, lease } = kv;
  return withJson({ key, ...endpoint, createRevision, modRevision, lease });
}
