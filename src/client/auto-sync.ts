import type { Clock } from '../async/index.js';
import { Code, EtcdError } from '../errors/index.js';
import type { SyncResult } from '../wire/index.js';

export interface AutoSyncPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly sync: () => Promise<SyncResult>;
  readonly onFailure: (error: EtcdError) => void;
}

/** Syncs the member list periodically. The interval varies by ±10 %, so that processes started together spread out. */
export class AutoSync {
  readonly #ports: AutoSyncPorts;
  readonly #intervalMs: number;
  #cancelTimer: () => void;

  constructor(intervalMs: number, ports: AutoSyncPorts) {
    this.#intervalMs = intervalMs;
    this.#ports = ports;
    this.#cancelTimer = this.#schedule();
  }

  close(): void {
    this.#cancelTimer();
    this.#cancelTimer = () => {};
  }

  #schedule(): () => void {
    const wait = this.#intervalMs * (0.9 + 0.2 * this.#ports.random());
    return this.#ports.clock.setTimer(wait, () => void this.#run());
  }

  async #run(): Promise<void> {
    const scheduled = this.#cancelTimer;
    try {
      await this.#ports.sync();
    } catch (error) {
      this.#ports.onFailure(error instanceof EtcdError ? error : syncRuleError(error));
    }
    if (this.#cancelTimer === scheduled) this.#cancelTimer = this.#schedule();
  }
}

/** Wraps an error of the caller's `sync.allow`: everything else in a sync throws EtcdError. */
function syncRuleError(cause: unknown): EtcdError {
  return new EtcdError('sync.allow failed', { code: Code.INTERNAL, cause });
}
