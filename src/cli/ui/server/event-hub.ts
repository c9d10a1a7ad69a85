import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import { type Clock, Coalescer, systemClock } from '../../../internal.js';
import type { Catalog } from '../ports.js';
import type {
  DeltaMessage,
  EndMessage,
  EndpointRow,
  Queue,
  Settings,
  StreamMessage,
} from '../protocol/index.js';
import { encodeJson } from './encode.js';
import { type HistoryLimits, MessageHistory } from './message-history.js';
import { PageStream, type SnapshotFrames } from './page-stream.js';
import { PendingDelta } from './pending-delta.js';

/** Changes within this time are sent together; the first is sent immediately. */
const coalesceMs = 50;
/** With more changes, a message is sent before that. */
const maxPending = 1_000;
const statusMs = 2_000;
/** A page that reads nothing for this long is disconnected. It connects again when it runs again. */
const maxBlockedMs = 120_000;
const rowsPerMessage = 500;
const historyLimits: HistoryLimits = { bytes: 8 * 2 ** 20, messages: 10_000 };

export interface EventHubOptions {
  readonly clock?: Clock;
  readonly limits?: HistoryLimits;
}

/** Sends the state of a catalog and its changes to any number of pages. */
export class EventHub {
  readonly history: MessageHistory;
  readonly #catalog: Catalog;
  readonly #settings: Settings;
  /** Distinguishes the messages of this process from those of an earlier one. */
  readonly #bootId = randomBytes(8).toString('hex');
  readonly #pending = new PendingDelta();
  readonly #coalescer: Coalescer;
  readonly #pages = new Set<PageStream>();
  readonly #endListening: () => void;
  readonly #ticking: NodeJS.Timeout;

  constructor(
    catalog: Catalog,
    settings: Settings,
    { clock = systemClock, limits = historyLimits }: EventHubOptions = {},
  ) {
    this.#catalog = catalog;
    this.#settings = settings;
    this.history = new MessageHistory(limits);
    const window = { quietMs: coalesceMs, latestMs: coalesceMs };
    this.#coalescer = new Coalescer(clock, () => this.flush(), window);
    this.#endListening = catalog.listen({
      onDelta: (delta) => this.#add(delta),
      onReplaced: () => this.#replace(),
      onStatus: () => this.#sendStatus(),
    });
    this.#ticking = setInterval(() => this.#tick(), statusMs).unref();
  }

  /** The number of open pages. */
  get size(): number {
    return this.#pages.size;
  }

  /**
   * Writes to the page until its output closes.
   * @param lastEventId the id of the last message that the page has; the page gets a snapshot if it cannot continue there.
   */
  open(output: Writable, lastEventId: string | undefined): void {
    const page = new PageStream(this, output, this.#sequenceOf(lastEventId), lastEventId === undefined);
    this.#pages.add(page);
    output.once('close', () => this.#pages.delete(page));
  }

  /** Sends nothing more. The outputs stay open. */
  close(): void {
    this.#endListening();
    this.#coalescer.cancel();
    clearInterval(this.#ticking);
    this.#pages.clear();
  }

  flush(): void {
    const delta = this.#pending.take();
    if (!delta) return;
    this.history.push((sequence) => encodeFrame(delta, this.#idOf(sequence)));
    for (const page of this.#pages) page.wake();
  }

  snapshot(): SnapshotFrames | undefined {
    // The snapshot contains what is pending.
    this.flush();
    const snapshot = this.#catalog.snapshot();
    if (!snapshot) return undefined;
    const sequence = this.history.last;
    // Copied now: the catalog may change before the last part is written.
    const end: EndMessage = { type: 'end', revision: snapshot.revision };
    const endFrame = encodeFrame(end, this.#idOf(sequence));
    return { sequence, frames: this.#frames([...snapshot.rows], [...snapshot.queues], endFrame) };
  }

  status(): Buffer {
    const status = this.#catalog.status();
    const isListed = status.confirmedMsAgo !== undefined;
    return encodeFrame(isListed ? status : { ...status, endpoints: this.#settings.endpoints });
  }

  *#frames(rows: readonly EndpointRow[], queues: readonly Queue[], end: Buffer): Generator<Buffer, void> {
    yield encodeFrame({ type: 'begin', settings: this.#settings, rows: rows.length });
    for (let from = 0; from < rows.length; from += rowsPerMessage)
      yield encodeFrame({ type: 'rows', rows: rows.slice(from, from + rowsPerMessage), queues: [] });
    for (let from = 0; from < queues.length; from += rowsPerMessage)
      yield encodeFrame({ type: 'rows', rows: [], queues: queues.slice(from, from + rowsPerMessage) });
    yield end;
  }

  #add(delta: DeltaMessage): void {
    this.#pending.add(delta);
    if (this.#pending.size > maxPending) this.flush();
    else this.#coalescer.request();
  }

  #replace(): void {
    this.flush();
    this.history.clear();
    for (const page of this.#pages) page.wake();
  }

  #sendStatus(): void {
    for (const page of this.#pages) page.sendStatus();
  }

  #tick(): void {
    for (const page of this.#pages) page.disconnectIfBlocked(maxBlockedMs);
    this.#sendStatus();
  }

  #idOf(sequence: number): string {
    return `${this.#bootId}-${sequence}`;
  }

  #sequenceOf(id: string | undefined): number | undefined {
    const [, sequence] = /^[0-9a-f]{16}-(\d{1,15})$/.exec(id ?? '') ?? [];
    return sequence !== undefined && id?.startsWith(this.#bootId) ? Number(sequence) : undefined;
  }
}

/** A message as an event of the stream. Without an id, the page's last one stays. */
function encodeFrame(message: StreamMessage, id?: string): Buffer {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}data: ${encodeJson(message)}\n\n`);
}
