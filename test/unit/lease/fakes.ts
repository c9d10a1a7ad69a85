import type { Clock } from '#src/async/index.js';
import type { EtcdError } from '#src/errors/index.js';
import type {
  DuplexHandlers,
  LeaseCalls,
  LeaseKeepAliveResponse,
  Member,
  ReportableDuplex,
} from '#src/wire/index.js';

/** A clock that a test advances. */
export class FakeClock implements Clock {
  #now = 1_000;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  get timers(): number {
    return this.#timers.size;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Advances the time; each timer fires when it is due. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.callback();
    }
    this.#now = until;
  }

  /** Advances the time without firing timers, as when a process is stopped: the timers fire late. */
  jump(ms: number): void {
    this.#now += ms;
  }
}

type KeepAliveRequest = Parameters<ReturnType<LeaseCalls['keepAlive']>['send']>[0];

/** The server's side of a keep-alive stream. */
export class FakeKeepAlive implements ReportableDuplex<KeepAliveRequest> {
  readonly requests: bigint[] = [];
  endedBy: 'cancelled' | 'abandoned' | 'lost' | undefined;
  isReportedUnresponsive = false;
  readonly #handlers: DuplexHandlers<LeaseKeepAliveResponse>;

  constructor(handlers: DuplexHandlers<LeaseKeepAliveResponse>) {
    this.#handlers = handlers;
  }

  send(request: KeepAliveRequest): void {
    this.requests.push(request.ID);
  }

  /** All requests count as queued. */
  dropQueued(unwanted: (request: KeepAliveRequest) => boolean): void {
    for (const ID of this.requests.splice(0)) if (!unwanted({ ID })) this.requests.push(ID);
  }

  cancel(): void {
    this.endedBy ??= 'cancelled';
  }

  reportUnresponsive(): void {
    this.isReportedUnresponsive = true;
  }

  cancelUnresponsive(): void {
    this.endedBy ??= 'abandoned';
  }

  open(): void {
    this.#handlers.opened?.({} as Member);
  }

  reply(id: bigint, ttlSeconds: number): void {
    this.#handlers.message({ header: undefined, ID: id, TTL: BigInt(ttlSeconds) });
  }

  lose(error: EtcdError): void {
    this.endedBy = 'lost';
    this.#handlers.end(error);
  }
}

/** A Lease service that grants every lease and records revokes. The test scripts the keep-alive streams. */
export class FakeLeases {
  readonly streams: FakeKeepAlive[] = [];
  readonly revoked: bigint[] = [];
  /** How many callers keep the process alive. */
  processRefs = 0;
  /** Whether streams open without the test, as with a connected member. */
  opensStreams = true;
  tokenGeneration = 0;
  readonly refreshes: { readonly used: number; resolve(): void; reject(error: unknown): void }[] = [];

  get lastStream(): FakeKeepAlive {
    return this.streams[this.streams.length - 1]!;
  }

  get calls(): LeaseCalls {
    const server = this;
    return {
      timeoutMs: 10_000,
      get tokenGeneration() {
        return server.tokenGeneration;
      },
      refreshToken: (used: number) =>
        new Promise<void>((resolve, reject) => server.refreshes.push({ used, resolve, reject })),
      keepProcessAlive: () => {
        this.processRefs++;
        return () => {
          this.processRefs--;
        };
      },
      grant: (request: { ID: bigint; TTL: bigint }, options?: { onSend?: () => void }) => {
        options?.onSend?.();
        return Promise.resolve({ ID: request.ID, TTL: request.TTL });
      },
      revoke: (id: bigint) => {
        this.revoked.push(id);
        return Promise.resolve({});
      },
      keepAlive: (_options: unknown, handlers: DuplexHandlers<LeaseKeepAliveResponse>) => {
        const stream = new FakeKeepAlive(handlers);
        this.streams.push(stream);
        if (this.opensStreams) queueMicrotask(() => stream.endedBy ?? stream.open());
        return stream;
      },
    } as unknown as LeaseCalls;
  }
}
