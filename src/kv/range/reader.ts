import { type Clock, onAbort } from '../../async/index.js';
import { Code, EtcdError, isUnsupported, toEtcdError } from '../../errors/index.js';
import { nextPageStart, type Revision, withJson } from '../../model/index.js';
import type { KvCalls, RangeRequest, RangeResponse } from '../../wire/index.js';
import { checkRangeResponse } from '../response-check.js';
import { revisionOf } from '../results.js';
import type { RangeBatch } from '../types.js';
import { type Page, revisionGoneError, StoreContinuity } from './continuity.js';
import { PageSize } from './page-size.js';
import { RangeStreamCall } from './stream-call.js';
import type { RangeStreamSupport } from './stream-support.js';

export interface ReaderPorts {
  readonly calls: Pick<KvCalls, 'range' | 'rangeStream' | 'keepProcessAlive' | 'store'>;
  readonly clock: Clock;
  readonly support: RangeStreamSupport;
  /** Ends the read with its reason. */
  readonly closing: AbortSignal | undefined;
}

export interface ReaderOptions {
  readonly signal: AbortSignal | undefined;
  /** The deadline of one batch. */
  readonly timeoutMs: number;
  /** The number of keys to request in the first page. */
  readonly pageSize: number | undefined;
}

/** After this many consecutive streams without a batch, only pages are requested. */
const maxEmptyStreams = 3;
/** How often the connection may change while one page is read and verified. */
const maxConnectionChanges = 10;

/**
 * Reads a range of any size at one revision: first a page, which pins the revision and suffices for a small range, then
 * RangeStream, and a page again after each failed stream. A failed stream needs no retry rules of its own: the page is
 * an ordinary read with the usual retries (another member, a new token, the deadline), and it reports the error if the
 * failure persists. A response on a new connection is yielded only after the store is verified to be the same.
 */
export class RangeReader {
  readonly #ports: ReaderPorts;
  readonly #options: ReaderOptions;
  readonly #request: RangeRequest;
  readonly #pageSize: PageSize;
  readonly #continuity = new StoreContinuity();
  #key: Buffer;
  #serializable: boolean;
  /** The revision of the read; 0 until the first page. */
  #revision: Revision = 0n;
  #streamCall: RangeStreamCall | undefined;
  /** The page after the one just yielded. Resolves to undefined if it failed; the page is then requested again. */
  #prefetched: Promise<Page | undefined> | undefined;
  /** The store's epoch when the read began. */
  #storeEpoch = 0;
  #emptyStreams = 0;
  #done = false;

  constructor(ports: ReaderPorts, request: RangeRequest, options: ReaderOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#request = request;
    this.#key = request.key;
    this.#pageSize = new PageSize(options.pageSize);
    this.#serializable = request.serializable;
    if (isFiltered(request)) this.#emptyStreams = maxEmptyStreams; // RangeStream does not support filters
  }

  /** Yields at least one batch, so that the revision is known even for an empty range. */
  async *batches(consumerLeft: AbortSignal): AsyncGenerator<RangeBatch, undefined, undefined> {
    const stop = new AbortController();
    // Of two that are aborted, the first is the reason: the caller's signal comes before the client's.
    const sources = [consumerLeft, this.#options.signal, this.#ports.closing];
    const removeListeners = sources.map((source) =>
      onAbort(source, (reason) => {
        stop.abort(reason);
        // Immediately: the consumer may not request the next batch for a long time.
        if (source === this.#ports.closing) this.#streamCall?.fail(toEtcdError(reason));
        else this.#streamCall?.cancel(source === consumerLeft ? undefined : reason);
      }),
    );
    this.#storeEpoch = this.#ports.calls.store.epoch;
    try {
      for (let first = true; !this.#done; first = false) {
        const kvs = (await this.#next(stop.signal)).kvs;
        if (kvs.length > 0 || first) yield withJson({ kvs, revision: this.#revision });
      }
      return undefined;
    } finally {
      for (const removeListener of removeListeners) removeListener();
      this.#streamCall?.cancel();
    }
  }

  async #next(signal: AbortSignal): Promise<RangeResponse> {
    signal.throwIfAborted();
    const deadline = this.#ports.clock.now() + this.#options.timeoutMs;
    const release = this.#ports.calls.keepProcessAlive();
    try {
      const chunk = await this.#nextFromStream(deadline);
      signal.throwIfAborted();
      const page = chunk ?? (await this.#verifiedPage(deadline, signal));
      const replaced = this.#ports.calls.store.replacedSince(this.#storeEpoch);
      if (replaced) throw replaced;
      this.#advance(page, chunk !== undefined);
      if (!this.#done && !this.#mayStream) this.#prefetch(signal);
      return page.response;
    } finally {
      release();
    }
  }

  #advance({ response, connection }: Page, isChunk: boolean): void {
    const isFinished = isChunk ? response.header !== undefined : !response.more;
    if (this.#revision === 0n) this.#revision = this.#request.revision || revisionOf(response);
    this.#key = nextPageStart(this.#key, response.kvs, !isFinished);
    this.#pageSize.adapt(response.kvs);
    this.#continuity.add(response.kvs, connection, isFinished);
    this.#done = isFinished;
  }

  get #mayStream(): boolean {
    if (this.#revision === 0n || this.#prefetched !== undefined || this.#emptyStreams >= maxEmptyStreams)
      return false;
    return this.#streamCall !== undefined || this.#ports.support.isLikely;
  }

  /**
   * Undefined if a page must be read instead. A third of the remaining time leaves enough to read it from another
   * member.
   */
  async #nextFromStream(deadline: number): Promise<Page | undefined> {
    if (!this.#mayStream) return undefined;
    try {
      this.#streamCall ??= new RangeStreamCall(this.#ports.calls, this.#ports.clock, this.#requestFrom(0));
      const call = this.#streamCall;
      const response = await call.next((deadline - this.#ports.clock.now()) / 3);
      if (!response) return undefined;
      const { connection } = call;
      if (!this.#continuity.covers(connection)) return this.#abandonStream();
      this.#emptyStreams = 0;
      return { response, connection };
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      this.#onStreamError(error);
      return undefined;
    }
  }

  /** A page is needed to verify the store of a new connection; the next stream may then use that connection. */
  #abandonStream(): undefined {
    this.#streamCall?.cancel();
    this.#streamCall = undefined;
    this.#emptyStreams++;
  }

  #onStreamError(error: EtcdError): void {
    this.#streamCall = undefined;
    this.#emptyStreams++;
    if (!isUnsupported(error)) return;
    this.#emptyStreams = maxEmptyStreams;
    if (error.reason !== 'RangeStreamUnsupported') this.#ports.support.markMissing();
  }

  /** Requests the next page while the consumer processes this one. */
  #prefetch(signal: AbortSignal): void {
    const deadline = this.#ports.clock.now() + this.#options.timeoutMs;
    this.#prefetched = this.#nextPage(deadline, signal, true).catch(() => undefined);
  }

  #takePrefetched(): Promise<Page | undefined> | undefined {
    const prefetched = this.#prefetched;
    this.#prefetched = undefined;
    return prefetched;
  }

  async #verifiedPage(deadline: number, signal: AbortSignal): Promise<Page> {
    for (let changes = 0; changes < maxConnectionChanges; changes++) {
      const page = (await this.#takePrefetched()) ?? (await this.#nextPage(deadline, signal));
      const { connection } = page;
      if (this.#continuity.covers(connection)) return page;
      if (connection !== undefined && (await this.#verify(connection, signal))) return page;
    }
    throw connectionsUnstable();
  }

  /** The deadline applies to each page, regardless of their number. */
  #verify(connection: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#ports;
    return this.#continuity.verify(connection, this.#request.key, this.#revision, (key) =>
      this.#page(clock.now() + this.#options.timeoutMs, signal, () => ({
        ...this.#requestFrom(this.#pageSize.keys),
        key,
        rangeEnd: this.#key,
      })),
    );
  }

  #nextPage(deadline: number, signal: AbortSignal, unref = false): Promise<Page> {
    return this.#page(deadline, signal, () => this.#requestFrom(this.#pageSize.keys), unref);
  }

  async #page(
    deadline: number,
    signal: AbortSignal,
    makeRequest: () => RangeRequest,
    unref = false,
  ): Promise<Page> {
    let connection: number | undefined;
    const onAnswer = (usedConnection: number | undefined) => {
      connection = usedConnection;
    };
    for (;;) {
      const timeoutMs = Math.max(0, deadline - this.#ports.clock.now());
      try {
        const request = makeRequest();
        const response = await this.#ports.calls.range(request, { signal, timeoutMs, unref, onAnswer });
        checkRangeResponse(request, response);
        return { response, connection };
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        if (this.#lacksRevision(error)) throw revisionGoneError(this.#revision);
        if (!this.#adjustRequest(error)) throw error;
      }
    }
  }

  /** Whether a linearizable read found that the store does not have the revision of the first page. */
  #lacksRevision({ reason }: EtcdError): boolean {
    return reason === 'FutureRev' && !this.#serializable && this.#revision !== 0n;
  }

  /** Changes the request so that it can succeed: fewer keys, or a linearizable read. Returns false if it cannot. */
  #adjustRequest({ reason }: EtcdError): boolean {
    if (reason === 'ResponseTooLarge') return this.#pageSize.shrink();
    if (!this.#serializable || reason !== 'FutureRev') return false;
    this.#serializable = false;
    return true;
  }

  #requestFrom(limit: number): RangeRequest {
    return {
      ...this.#request,
      key: this.#key,
      limit: BigInt(limit),
      revision: this.#revision || this.#request.revision,
      serializable: this.#serializable,
    };
  }
}

function isFiltered(request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return [minModRevision, maxModRevision, minCreateRevision, maxCreateRevision].some((one) => one !== 0n);
}

function connectionsUnstable(): EtcdError {
  return new EtcdError('the connection to etcd changed each time a page was read', {
    code: Code.UNAVAILABLE,
    verdict: 'not-applied',
  });
}
