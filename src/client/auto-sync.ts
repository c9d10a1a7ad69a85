import type { Clock } from '../async/index.js';
import { Code, EtcdError } from '../errors/index.js';
import type { SyncResult } from '../wire/index.js';

export interface AutoSyncPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly sync: () => Promise<SyncResult>;
  readonly onFailure: (error: EtcdError) => void;
}

/** Follows the member list by itself, each time after the interval give or take a tenth, so that a fleet spreads. */
export class AutoSync {
  readonly #ports: AutoSyncPorts;
  readonly #intervalMs: number;
  #cancel: () => void;

  constructor(intervalMs: number, ports: AutoSyncPorts) {
    this.#intervalMs = intervalMs;
    this.#ports = ports;
    this.#cancel = this.#later();
  }

  close(): void {
    this.#cancel();
    this.#cancel = () => {};
  }

  #later(): () => void {
    const wait = this.#intervalMs * (0.9 + 0.2 * this.#ports.random());
    return this.#ports.clock.setTimer(wait, () => void this.#run());
  }

  async #run(): Promise<void> {
    const scheduled = this.#cancel;
    try {
      await this.#ports.sync();
    } catch (error) {
      this.#ports.onFailure(error instanceof EtcdError ? error : ruleFailed(error));
    }
    if (this.#cancel === scheduled) this.#cancel = this.#later();
  }
}

/** Of all that a sync does, only the caller's rule throws such errors; nobody is there to catch them. */
function ruleFailed(cause: unknown): EtcdError {
  return new EtcdError('sync.allow failed', { code: Code.INTERNAL, cause });
}
