import { callSafely } from '../../async/index.js';
import { textOf } from '../../errors/index.js';

/** What `grpc-health-check`'s HealthImplementation has, and anything else that can be told how a server is. */
export interface HealthReporter {
  /** The empty service stands for the whole server. What it throws, or rejects with, changes nothing. */
  setStatus(service: string, status: 'SERVING' | 'NOT_SERVING'): unknown;
}

/** One registration's part in the status of its server. */
export interface HealthHandle {
  /** Counts the registration as servingCounts. */
  markServing(): void;
  /** Counts it no more; the server is NOT_SERVING when no other one serves. Idempotent. */
  release(): void;
}

/**
 * How many registrations serve, by reporter: it has one status for its whole server, and a server may be registered
 * under several targets.
 */
const servingCounts = new WeakMap<HealthReporter, number>();

/** A share of the reporter's status; of nothing without a reporter. */
export function trackHealth(reporter: HealthReporter | undefined): HealthHandle {
  let state: 'new' | 'servingCounts' | 'released' = 'new';
  const count = (change: number) => {
    if (!reporter) return;
    const before = servingCounts.get(reporter) ?? 0;
    servingCounts.set(reporter, before + change);
    if (before === 0) report(reporter, 'SERVING');
    else if (before + change === 0) report(reporter, 'NOT_SERVING');
  };
  return {
    markServing() {
      if (state !== 'new') return;
      state = 'servingCounts';
      count(1);
    },
    release() {
      if (state !== 'servingCounts') return;
      state = 'released';
      count(-1);
    },
  };
}

/** A reporter that fails must not keep a server from being registered or drained. */
function report(reporter: HealthReporter, status: 'SERVING' | 'NOT_SERVING'): void {
  callSafely(
    () => reporter.setStatus('', status),
    (error) =>
      process.emitWarning(`the health reporter failed to set ${status}: ${textOf(error)}`, {
        code: 'ETCD_NAMING_HEALTH',
      }),
  );
}
