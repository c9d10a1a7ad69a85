import type { Writable } from 'node:stream';
import type { MessageHistory } from './message-history.js';

/** A snapshot for one page. */
export interface SnapshotFrames {
  /** The sequence number of the last message that the snapshot contains. */
  readonly sequence: number;
  readonly frames: Iterator<Buffer>;
}

/** Where the stream of a page gets its messages. */
export interface PageSource {
  readonly history: MessageHistory;
  /** Adds the changes that wait to the history. */
  flush(): void;
  /** Undefined before the records were listed. */
  snapshot(): SnapshotFrames | undefined;
  status(): Buffer;
}

/**
 * Writes messages to one page as fast as the page reads them. What waits is in the shared history alone, so a slow page
 * costs no memory; one that falls behind the history gets a snapshot. A status is written only to a page that has
 * everything else: it says that the page is current.
 */
export class PageStream {
  readonly #source: PageSource;
  readonly #output: Writable;
  /** The sequence number up to which the page has everything; undefined before its first snapshot. */
  #cursor: number | undefined;
  /** The rest of a snapshot that is being written. */
  #snapshot: Iterator<Buffer> | undefined;
  #isStatusDue = true;
  #isNew: boolean;
  #isPumping = false;
  /** Whether the page, or other work of this process, comes first. */
  #isWaiting = false;
  /** Since when the page has not read what was written. */
  #blockedSince: number | undefined;

  /**
   * @param cursor the sequence number of the last message that the page has; undefined for none.
   * @param isNew whether the page shows nothing, so that a status cannot be mistaken for one of what it shows.
   */
  constructor(source: PageSource, output: Writable, cursor: number | undefined, isNew: boolean) {
    this.#source = source;
    this.#output = output;
    this.#cursor = cursor;
    this.#isNew = isNew;
    output.on('drain', () => {
      this.#blockedSince = undefined;
      this.#resume();
    });
    this.wake();
  }

  /** Disconnects a page that has read nothing of what was written for this time. */
  disconnectIfBlocked(maxMs: number): void {
    if (this.#blockedSince !== undefined && performance.now() - this.#blockedSince > maxMs)
      this.#output.destroy();
  }

  /** Writes what is new. */
  wake(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isWaiting && !this.#output.destroyed && !this.#output.writableEnded) {
      const frame = this.#next();
      if (frame === undefined) break;
      this.#write(frame);
    }
    this.#isPumping = false;
  }

  /** Writes the status as soon as the page has everything else. */
  sendStatus(): void {
    this.#isStatusDue = true;
    this.wake();
  }

  #next(): Buffer | undefined {
    if (this.#isStatusDue) this.#source.flush();
    return this.#greeting() ?? this.#snapshotFrame() ?? this.#missed() ?? this.#dueStatus();
  }

  /** A page that shows nothing yet gets the status before all else. */
  #greeting(): Buffer | undefined {
    if (!this.#isNew) return undefined;
    this.#isNew = false;
    return this.#dueStatus();
  }

  #snapshotFrame(): Buffer | undefined {
    const frame = this.#snapshot?.next();
    if (frame?.done === false) return frame.value;
    this.#snapshot = undefined;
    if (this.#cursor !== undefined && this.#source.history.continuesAfter(this.#cursor)) return undefined;
    const snapshot = this.#source.snapshot();
    if (!snapshot) return undefined;
    this.#cursor = snapshot.sequence;
    this.#snapshot = snapshot.frames;
    return this.#snapshotFrame();
  }

  #missed(): Buffer | undefined {
    const frame = this.#cursor === undefined ? undefined : this.#source.history.next(this.#cursor);
    if (frame && this.#cursor !== undefined) this.#cursor++;
    return frame;
  }

  #dueStatus(): Buffer | undefined {
    if (!this.#isStatusDue) return undefined;
    this.#isStatusDue = false;
    return this.#source.status();
  }

  #write(frame: Buffer): void {
    if (!this.#output.write(frame)) {
      this.#isWaiting = true;
      this.#blockedSince ??= performance.now();
    } else if (this.#snapshot) {
      // A large snapshot takes long to serialize: other pages and requests get their turn in between.
      this.#isWaiting = true;
      setImmediate(() => this.#resume());
    }
  }

  #resume(): void {
    this.#isWaiting = false;
    this.wake();
  }
}
