import { type Clock, withTimeout } from '../../async/index.js';
import { DeadlineError, type EtcdError } from '../../errors/index.js';
import { InternalOption, optionsChecker, waitChecks, wholeNumber } from '../../model/index.js';
import { quotedPrefixes } from './prefixes.js';
import type { ServiceStatus, ServiceSubscriber, ServiceView } from './views/view.js';

/** The options of {@link ServiceDirectory.ready}. */
export interface ReadyOptions {
  /** The number of endpoints to wait for. Default 1; 0 also accepts a service that is known to be empty. */
  readonly minEndpoints?: number;
  /** How long to wait, in milliseconds. Default 30,000, as for `register`; `Infinity` disables the timeout. */
  readonly timeoutMs?: number;
  /** Ends the wait: `ready` rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const defaultTimeoutMs = 30_000;

/** Counts the endpoints that a caller can use. Default: those of the view. */
export const usableCount = new InternalOption<() => number>('usableCount');

/** One target of a directory. */
export interface ReadyPorts {
  readonly clock: Clock;
  /** The key prefixes of the records. */
  readonly prefixes: readonly string[];
  follow(subscriber: ServiceSubscriber): () => void;
  /** Calls back with failures while a view is known, which `follow` does not report. */
  onFailure(listener: (error: EtcdError) => void): () => void;
  status(): ServiceStatus;
}

/** Resolves with the first view that has enough endpoints; see {@link ServiceDirectory.ready}. */
export async function whenReady(ports: ReadyPorts, options: ReadyOptions): Promise<ServiceView> {
  const checked = resolveReadyOptions(options);
  const { signal, minEndpoints, timeoutMs } = checked;
  const usable = usableCount.get(options);
  signal?.throwIfAborted();
  const releases: (() => void)[] = [];
  const firstReady = new Promise<ServiceView>((resolve, reject) => {
    const onFailure = (error: EtcdError) => {
      if (error.verdict === 'final') reject(error);
    };
    const onView = (view: ServiceView) => {
      if ((usable?.() ?? view.endpoints.length) >= minEndpoints) resolve(view);
    };
    releases.push(ports.follow({ onView, onFailure }));
    releases.push(ports.onFailure(onFailure));
  });
  try {
    const toError = () => timeoutError(ports, checked, usable);
    return await withTimeout(firstReady, timeoutMs, toError, { clock: ports.clock, signal });
  } finally {
    for (const release of releases) release();
  }
}

export const checkReady = optionsChecker<ReadyOptions>({ minEndpoints: wholeNumber(), ...waitChecks });

function resolveReadyOptions(options: ReadyOptions): Required<ReadyOptions> {
  checkReady(options);
  const { signal, minEndpoints = 1, timeoutMs = defaultTimeoutMs } = options;
  return { signal, minEndpoints, timeoutMs };
}

function timeoutError(
  ports: ReadyPorts,
  { minEndpoints, timeoutMs }: Required<ReadyOptions>,
  usable: (() => number) | undefined,
): EtcdError {
  const { state, endpoints, lastError: cause } = ports.status();
  const known = usable ? `it has ${endpoints}, of which ${usable()} are usable` : `it has ${endpoints}`;
  const why = cause?.message ?? (state === 'unknown' ? 'etcd has not answered yet' : known);
  const missing = minEndpoints === 0 ? 'was not known' : `did not have ${minEndpoints} endpoints`;
  return new DeadlineError(`${quotedPrefixes(ports.prefixes)} ${missing} within ${timeoutMs} ms: ${why}`, {
    verdict: 'not-applied',
    ...(cause ? { cause } : {}),
  });
}
