import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What the client process reports at its end. */
export interface ClientReport {
  /** Counts by operation and outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  readonly peakRssMiB: number;
  readonly peakHeapMiB: number;
  readonly worstDelayMs: number;
  /** The most CPU time between two samples: a delay without it is the machine's. */
  readonly worstBusyMs: number;
  readonly cpuSeconds: number;
}

/** Collects the failures and resource use of the client process. */
export class Findings {
  readonly #outcomes: Record<string, number> = {};
  readonly #failures = new Map<string, number>();
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  readonly #sampling: NodeJS.Timeout;
  #rss = 0;
  #heap = 0;
  #cpu = process.cpuUsage();
  #busyMs = 0;

  constructor() {
    this.#delay.enable();
    this.#sampling = setInterval(() => this.#sample(), 20).unref();
    process.on('unhandledRejection', (error) => this.fail('unhandled rejection', textOf(error)));
    process.on('uncaughtException', (error) => this.fail('uncaught exception', textOf(error)));
  }

  count(operation: string, outcome: string): void {
    const name = `${operation}: ${outcome}`;
    this.#outcomes[name] = (this.#outcomes[name] ?? 0) + 1;
  }

  fail(kind: string, text: string): void {
    const name = `${kind}: ${text.slice(0, 1_500)}`;
    this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
  }

  report(): ClientReport {
    this.#sample();
    clearInterval(this.#sampling);
    const { user, system } = process.cpuUsage();
    return {
      outcomes: this.#outcomes,
      failures: [...this.#failures].map(([text, times]) => (times > 1 ? `${times} times ${text}` : text)),
      peakRssMiB: Math.round(this.#rss / 2 ** 20),
      peakHeapMiB: Math.round(this.#heap / 2 ** 20),
      worstDelayMs: Math.round(this.#delay.max / 1e6),
      worstBusyMs: Math.round(this.#busyMs),
      cpuSeconds: Math.round((user + system) / 1e6),
    };
  }

  #sample(): void {
    const { rss, heapUsed } = process.memoryUsage();
    this.#rss = Math.max(this.#rss, rss);
    this.#heap = Math.max(this.#heap, heapUsed);
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    this.#busyMs = Math.max(this.#busyMs, (user + system) / 1_000);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
