import type { Clock } from '#src/async/index.js';
import type { EtcdError } from '#src/errors/index.js';
import type {
  DuplexHandlers,
  LeaseCalls,
  LeaseKeepAliveResponse,
  Member,
  ReportableDuplex,
} from '#src/wire/index.js';

/** A clock that stands still until told. */
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

  /** Lets time pass, each timer firing when it is due. */
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

  /** Time passes and nothing runs, as in a stopped process; timers are late afterwards. */
  jump(ms: number): void {
    this.#now += ms;
  }
}

type KeepAliveRequest = Parameters<ReturnType<LeaseCalls['keepAlive']>['send']>[0];

/** One keep-alive stream as a server sees it. */
export class FakeKeepAlive implements ReportableDuplex<KeepAliveRequest> {
  readonly requests: bigint[] = [];
  over: 'cancelled' | 'abandoned' | 'lost' | undefined;
  doubted = false;
  readonly #handlers: DuplexHandlers<LeaseKeepAliveResponse>;

  constructor(handlers: DuplexHandlers<LeaseKeepAliveResponse>) {
    this.#handlers = handlers;
  }

  send(request: KeepAliveRequest): void {
    this.requests.push(request.ID);
  }

  /** As long as nothing was answered, nothing counts as handed to the connection. */
  dropQueued(unwanted: (request: KeepAliveRequest) => boolean): void {
    for (const ID of this.requests.splice(0)) if (!unwanted({ ID })) this.requests.push(ID);
  }

  cancel(): void {
    this.over ??= 'cancelled';
  }

  reportUnresponsive(): void {
    this.doubted = true;
  }

  cancelUnresponsive(): void {
    this.over ??= 'abandoned';
  }

  open(): void {
    this.#handlers.opened?.({} as Member);
  }

  answer(id: bigint, ttlSeconds: number): void {
    this.#handlers.message({ header: undefined, ID: id, TTL: BigInt(ttlSeconds) });
  }

  lose(error: EtcdError): void {
    this.over = 'lost';
    this.#handlers.end(error);
  }
}

/** A Lease service: grants what it is asked for, notes what is revoked, and leaves the keep-alive streams to the test. */
export class FakeLeases {
  readonly streams: FakeKeepAlive[] = [];
  readonly revoked: bigint[] = [];
  /** How many hold the process. */
  holds = 0;
  /** Streams start by themselves, as where a member is connected. */
  opens = true;
  tokenGeneration = 0;
  readonly refreshes: { readonly used: number; resolve(): void; reject(error: unknown): void }[] = [];

  get last(): FakeKeepAlive {
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
        this.holds++;
        return () => {
          this.holds--;
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
        if (this.opens) queueMicrotask(() => stream.over ?? stream.open());
        return stream;
      },
    } as unknown as LeaseCalls;
  }
}
