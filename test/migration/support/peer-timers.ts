/** Ends what etcd3 keeps running after `release()`, `cancel()` and `close()`, which would keep the process alive. */
export class PeerTimers {
  readonly #leaseEnds: (() => void)[] = [];
  readonly #debounced: Debounced[] = [];
  readonly #watchManagers: WatchManager[] = [];

  /** Observes the classes in etcd3's modules, before the modules that use them are loaded. */
  observe(util: UtilModule, lease: LeaseModule, watch: WatchModule): void {
    observeDebounce(util, this.#debounced);
    observeLeases(lease, this.#leaseEnds);
    const managers = this.#watchManagers;
    watch.WatchManager = class extends watch.WatchManager {
      constructor(...args: unknown[]) {
        super(...args);
        managers.push(this);
      }
    };
  }

  end(): void {
    for (const end of this.#leaseEnds.splice(0)) end();
    // Without watchers, a manager does not connect again.
    for (const manager of this.#watchManagers.splice(0)) {
      manager.watchers = [];
      manager.stream?.cancel();
    }
  }

  /** Ends also the timers that late answers have started; call it when no stream is open. */
  endLate(): void {
    for (const debounced of this.#debounced.splice(0)) debounced.cancel();
  }
}

interface Debounced {
  (): void;
  cancel(): void;
}

export interface UtilModule {
  debounce: (...args: unknown[]) => Debounced;
}

interface Lease {
  release(): void;
}

export interface LeaseModule {
  Lease: new (...args: unknown[]) => Lease;
}

interface WatchManager {
  watchers: unknown[];
  readonly stream?: { cancel(): void };
}

export interface WatchModule {
  WatchManager: new (...args: unknown[]) => WatchManager;
}

/**
 * Collects how to end each lease. A lease opens streams again, each with timers, and keeps in `teardown` how to end the
 * last one only.
 */
function observeLeases(module: LeaseModule, ends: (() => void)[]): void {
  const Observed = class extends module.Lease {
    constructor(...args: unknown[]) {
      super(...args);
      ends.push(() => this.release());
    }
  };
  const current = new WeakMap<object, () => void>();
  Object.defineProperty(Observed.prototype, 'teardown', {
    get(this: object) {
      return current.get(this);
    },
    set(this: object, teardown: () => void) {
      current.set(this, teardown);
      ends.push(teardown);
    },
  });
  module.Lease = Observed;
}

function observeDebounce(module: UtilModule, debounced: Debounced[]): void {
  const { debounce } = module;
  module.debounce = (...args) => {
    const made = debounce(...args);
    debounced.push(made);
    return made;
  };
}
