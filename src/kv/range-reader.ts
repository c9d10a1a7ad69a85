import { type Clock, onAbort } from '../async/index.js';
import { Code, EtcdError } from '../errors/index.js';
import { nextPageStart, type Revision, withJson } from '../model/index.js';
import type { KvCalls, RangeRequest, RangeResponse } from '../wire/index.js';
import { checkRange } from './answer-check.js';
import { Continuity, type Page, wentBack } from './continuity.js';
import { PageSize } from './page-size.js';
import { RangeStreamCall } from './range-stream-call.js';
import { revisionOf } from './results.js';
import type { RangeBatch } from './types.js';

/** What a client has learned about RangeStream, for all its readers. */
export interface StreamSupport {
  /** Whether it may be there. */
  readonly likely: boolean;
  /** A server did not know it. */
  missing(): void;
}

export interface ReaderPorts {
  readonly calls: Pick<KvCalls, 'range' | 'rangeStream' | 'hold' | 'store'>;
  readonly clock: Clock;
  readonly support: StreamSupport;
  /** Ends the reading with its reason. */
  readonly closing: AbortSignal | undefined;
}

export interface ReaderOptions {
  readonly signal: AbortSignal | undefined;
  /** For one batch. */
  readonly timeoutMs: number;
  /** Keys of the first page. */
  readonly pageSize: number | undefined;
}

/** Streams in a row that brought nothing, after which pages are all that is asked for. */
const maxEmptyStreams = 3;
/** Connections that may come and go while one page is asked for, and what was read before it. */
const mostChanges = 10;

/**
 * Reads a range of any size at one revision: a page, which pins the revision and suffices for a small range, then
 * RangeStream, and a page again after every cut. So a cut needs no rule of its own: the page goes through everything a
 * read goes through (another member, a new token, the deadline), and says what is wrong if it is not the stream alone.
 * What comes over another connection than what came before is handed on only once it is proven to continue that.
 */
export class RangeReader {
  readonly #ports: ReaderPorts;
  readonly #options: ReaderOptions;
  readonly #request: RangeRequest;
  readonly #pageSize: PageSize;
  readonly #continuity = new Continuity();
  #key: Buffer;
  #serializable: boolean;
  /** 0 until the first page. */
  #revision: Revision = 0n;
  #pieces: RangeStreamCall | undefined;
  /** The page after the one just handed over; undefined comes of it when it failed, and is then asked for again. */
  #ahead: Promise<Page | undefined> | undefined;
  /** The store's when the reading began. */
  #epoch = 0;
  #barren = 0;
  #done = false;

  constructor(ports: ReaderPorts, request: RangeRequest, options: ReaderOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#request = request;
    this.#key = request.key;
    this.#pageSize = new PageSize(options.pageSize);
    this.#serializable = request.serializable;
    if (isFiltered(request)) this.#barren = maxEmptyStreams; // RangeStream does not support filters
  }

  /** At least one batch, so that the revision is known even of an empty range. */
  async *batches(leaving: AbortSignal): AsyncGenerator<RangeBatch, undefined, undefined> {
    const stop = new AbortController();
    const sources = [leaving, this.#ports.closing, this.#options.signal];
    const releases = sources.map((source) => onAbort(source, (reason) => this.#stop(stop, reason)));
    this.#epoch = this.#ports.calls.store.epoch;
    try {
      for (let first = true; !this.#done; first = false) {
        const kvs = (await this.#next(stop.signal)).kvs;
        if (kvs.length > 0 || first) yield withJson({ kvs, revision: this.#revision });
      }
      return undefined;
    } finally {
      for (const release of releases) release();
      this.#pieces?.cancel();
    }
  }

  #stop(stop: AbortController, reason: unknown): void {
    stop.abort(reason);
    this.#pieces?.cancel(); // at once, though the reader may not ask for a long time
  }

  async #next(signal: AbortSignal): Promise<RangeResponse> {
    signal.throwIfAborted();
    const deadline = this.#ports.clock.now() + this.#options.timeoutMs;
    const release = this.#ports.calls.hold();
    try {
      const piece = await this.#nextPiece(deadline);
      signal.throwIfAborted();
      const page = piece ?? (await this.#provenPage(deadline, signal));
      const replaced = this.#ports.calls.store.replacedSince(this.#epoch);
      if (replaced) throw replaced;
      this.#advance(page, piece !== undefined);
      if (!this.#done && !this.#mayStream) this.#readAhead(signal);
      return page.answer;
    } finally {
      release();
    }
  }

  #advance({ answer, connection }: Page, isPiece: boolean): void {
    const finished = isPiece ? answer.header !== undefined : !answer.more;
    if (this.#revision === 0n) this.#revision = this.#request.revision || revisionOf(answer);
    this.#key = nextPageStart(this.#key, answer.kvs, !finished);
    this.#pageSize.learn(answer.kvs);
    this.#continuity.add(answer.kvs, connection, finished);
    this.#done = finished;
  }

  get #mayStream(): boolean {
    if (this.#revision === 0n || this.#ahead !== undefined || this.#barren >= maxEmptyStreams) return false;
    return this.#pieces !== undefined || this.#ports.support.likely;
  }

  /** Undefined when a page must do. A third of the time is enough for a member to say something, or another is asked. */
  async #nextPiece(deadline: number): Promise<Page | undefined> {
    if (!this.#mayStream) return undefined;
    try {
      this.#pieces ??= new RangeStreamCall(this.#ports.calls, this.#ports.clock, this.#requestFrom(0));
      const pieces = this.#pieces;
      const answer = await pieces.next((deadline - this.#ports.clock.now()) / 3);
      if (!answer) return undefined;
      const { connection } = pieces;
      if (!this.#continuity.covers(connection)) return this.#leaveStream();
      this.#barren = 0;
      return { answer, connection };
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      this.#judge(error);
      return undefined;
    }
  }

  /** A page proves what its connection continues; the next stream may then come over the same one. */
  #leaveStream(): undefined {
    this.#pieces?.cancel();
    this.#pieces = undefined;
    this.#barren++;
  }

  #judge(error: EtcdError): void {
    this.#pieces = undefined;
    this.#barren++;
    if (error.code !== Code.UNIMPLEMENTED || error.reason === 'NotEtcd') return;
    this.#barren = maxEmptyStreams;
    if (error.reason !== 'RangeStreamUnsupported') this.#ports.support.missing();
  }

  /** The server works on the next page while the reader works on this one. */
  #readAhead(signal: AbortSignal): void {
    const deadline = this.#ports.clock.now() + this.#options.timeoutMs;
    this.#ahead = this.#nextPage(deadline, signal, true).catch(() => undefined);
  }

  #takeAhead(): Promise<Page | undefined> | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead;
  }

  async #provenPage(deadline: number, signal: AbortSignal): Promise<Page> {
    for (let changes = 0; changes < mostChanges; changes++) {
      const page = (await this.#takeAhead()) ?? (await this.#nextPage(deadline, signal));
      const { connection } = page;
      if (this.#continuity.covers(connection)) return page;
      if (connection !== undefined && (await this.#prove(connection, signal))) return page;
    }
    throw restless();
  }

  /** As long as each page of it comes in time, however many they are. */
  #prove(connection: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#ports;
    return this.#continuity.prove(connection, this.#request.key, this.#revision, (key) =>
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
    request: () => RangeRequest,
    unref = false,
  ): Promise<Page> {
    let connection: number | undefined;
    const onAnswer = (over: number | undefined) => {
      connection = over;
    };
    for (;;) {
      const timeoutMs = Math.max(0, deadline - this.#ports.clock.now());
      try {
        const asked = request();
        const answer = await this.#ports.calls.range(asked, { signal, timeoutMs, unref, onAnswer });
        checkRange(asked, answer);
        return { answer, connection };
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        if (this.#hasGoneBack(error)) throw wentBack(this.#revision);
        if (!this.#mayAskOtherwise(error)) throw error;
      }
    }
  }

  /** A member that makes sure not to lag behind does not have the revision that the first page was read at. */
  #hasGoneBack({ reason }: EtcdError): boolean {
    return reason === 'FutureRev' && !this.#serializable && this.#revision !== 0n;
  }

  /** Whether another question would do: for fewer keys, or to a member that first makes sure not to lag behind. */
  #mayAskOtherwise({ reason }: EtcdError): boolean {
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

function restless(): EtcdError {
  return new EtcdError('connections to etcd come and go faster than a page can be read', {
    code: Code.UNAVAILABLE,
    verdict: 'not-applied',
  });
}
