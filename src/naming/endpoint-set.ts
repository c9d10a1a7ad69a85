import type { MirrorUpdate, ResyncReason } from '../mirror/index.js';
import { type KeyValue, keyText, type Revision, withJson } from '../model/index.js';
import { decodeEndpoint } from './codec.js';
import type { EndpointRecord } from './endpoint.js';
import { EndpointDecodeError } from './errors.js';

/** What happened to a target's endpoints. */
export type EndpointEvent =
  | {
      /** All endpoints, also when there are none, and again after history was lost. It replaces whatever came before. */
      readonly type: 'snapshot';
      readonly reason: ResyncReason;
      readonly revision: Revision;
      readonly endpoints: ReadonlyMap<string, EndpointRecord>;
      /** Keys, as text, whose value is not an endpoint; each harms only itself. */
      readonly invalid: ReadonlySet<string>;
    }
  | {
      /** What a revision changed, never half of a transaction; an EndpointSet of a plain mirror: one or more revisions. */
      readonly type: 'delta';
      readonly revision: Revision;
      readonly added: readonly EndpointRecord[];
      readonly changed: readonly EndpointRecord[];
      /** Keys, also of a record that is no longer readable. */
      readonly removed: readonly string[];
      /** All keys whose value is not an endpoint, after this change. */
      readonly invalid: ReadonlySet<string>;
    };

/** A target's endpoints, kept up to date from a mirror's updates. */
export class EndpointSet {
  readonly #isWanted: (key: string) => boolean;
  readonly #records = new Map<string, EndpointRecord>();
  #invalid: ReadonlySet<string> = new Set();
  /** The same while one update is taken: copied once for it, and never changed after, so that its event may have it. */
  #draft: Set<string> | undefined;

  /** @param isWanted Says of a key whether it belongs to the set. Default: every key does. */
  constructor(isWanted: (key: string) => boolean = () => true) {
    this.#isWanted = isWanted;
  }

  /** By key; in the order in which the keys came. */
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
    for (const [key, kv] of kvs) if (this.#isWanted(key)) this.#put(key, kv);
    const endpoints = new Map(this.#records);
    return withJson({ type: 'snapshot', reason, revision, endpoints, invalid: this.#invalid });
  }

  #change({ revision, puts, deletes }: MirrorUpdate & { type: 'delta' }): EndpointEvent {
    const added: EndpointRecord[] = [];
    const changed: EndpointRecord[] = [];
    const removed: string[] = [];
    for (const key of deletes) {
      this.#mark(key, false);
      if (this.#records.delete(key)) removed.push(key);
    }
    for (const [key, kv] of puts) {
      if (!this.#isWanted(key)) continue;
      const known = this.#records.has(key);
      const record = this.#put(key, kv);
      if (record) (known ? changed : added).push(record);
      else if (known) removed.push(key);
    }
    return withJson({ type: 'delta', revision, added, changed, removed, invalid: this.#invalid });
  }

  #put(key: string, kv: KeyValue): EndpointRecord | undefined {
    const record = toRecord(kv, key);
    if (record) this.#records.set(key, record);
    else this.#records.delete(key);
    this.#mark(key, !record);
    return record;
  }

  #mark(key: string, invalid: boolean): void {
    if (this.#invalid.has(key) === invalid) return;
    this.#draft ??= new Set(this.#invalid);
    if (invalid) this.#draft.add(key);
    else this.#draft.delete(key);
    this.#invalid = this.#draft;
  }
}

/** The record a key-value holds; undefined when its value is not an endpoint. */
export function toRecord(kv: KeyValue, key = keyText(kv.key)): EndpointRecord | undefined {
  try {
    const { createRevision, modRevision, lease } = kv;
    return withJson({ key, ...decodeEndpoint(kv.value), createRevision, modRevision, lease });
  } catch (error) {
    if (error instanceof EndpointDecodeError) return undefined;
    throw error;
  }
}
