import { StoreReplacedError } from '../../errors/index.js';
import { type KeyValue, keyAfter, type Revision } from '../../model/index.js';
import type { RangeResponse } from '../../wire/index.js';
import { ContentHash } from './content-hash.js';

/** A response and the connection it arrived on; undefined if that is not known. */
export interface Page {
  readonly response: RangeResponse;
  readonly connection: number | undefined;
}

/**
 * Verifies that all responses of a read of many requests come from the same store. A store that was wiped and refilled
 * past the read's revision answers as before, even with the same cluster id, but its members lost their connections.
 * So after a change of the connection, the keys already delivered are read again over the new connection and their hash
 * is compared. Equal hashes prove that this store has the delivered keys at this revision.
 */
export class StoreContinuity {
  #connection: number | undefined;
  /** Undefined until a response has a successor: a read of one response needs no hash. */
  #contents: ContentHash | undefined;

  /** Whether a response on this connection is known to come from the same store. */
  covers(connection: number | undefined): boolean {
    return !this.#contents || (connection !== undefined && connection === this.#connection);
  }

  /** Records the delivered keys of a response on a covered connection; `isLast` if no response follows. */
  add(kvs: readonly KeyValue[], connection: number | undefined, isLast: boolean): void {
    if (isLast) return;
    if (!this.#contents) this.#connection = connection;
    this.#contents ??= new ContentHash();
    this.#contents.add(kvs);
  }

  /**
   * Reads the delivered keys again so that this connection is covered. Returns false if a response arrived on another
   * connection.
   * @param read Reads the delivered keys, or the first of them, from the given key on.
   * @throws {StoreReplacedError} if they differ; otherwise as `read`.
   */
  async verify(
    connection: number,
    start: Buffer,
    revision: Revision,
    read: (from: Buffer) => Promise<Page>,
  ): Promise<boolean> {
    const expected = this.#contents;
    if (!expected) return true;
    const found = new ContentHash();
    for (let from: Buffer | undefined = start; from && found.count <= expected.count; ) {
      const page: Page = await read(from);
      if (page.connection !== connection) return false;
      found.add(page.response.kvs);
      const last = page.response.kvs.at(-1);
      from = page.response.more && last ? keyAfter(last.key) : undefined;
    }
    if (!found.equals(expected)) throw contentsDiffer(expected.count, revision);
    this.#connection = connection;
    return true;
  }
}

function contentsDiffer(keys: number, revision: Revision): StoreReplacedError {
  return new StoreReplacedError(
    `the store was replaced during the read: at revision ${revision} it differs from the ${keys} keys already read`,
  );
}

/** The error for a store that no longer has the revision of the read. */
export function revisionGoneError(revision: Revision): StoreReplacedError {
  return new StoreReplacedError(
    `the store was replaced during the read: it no longer has revision ${revision}`,
  );
}
