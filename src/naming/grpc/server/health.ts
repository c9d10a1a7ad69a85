import { callSafely } from '../../../async/index.js';
import { describeThrown } from '../../../errors/index.js';

/** Reports the health of a server. `grpc-health-check`'s HealthImplementation is one. */
export interface HealthReporter {
  /** Sets the status of a service; `''` is the whole server. An exception or rejection becomes a process warning (`ETCD_NAMING_HEALTH`). */
  setStatus(service: string, status: 'SERVING' | 'NOT_SERVING'): unknown;
}

/**
 * The effect of one registration on the health of its server.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/health-checking.md#service-definition
 */
export interface HealthHandle {
  /** Counts the registration as serving. */
  markServing(): void;
  /** Stops counting it; the server is NOT_SERVING when no registration counts. Idempotent. */
  release(): void;
}

/**
 * The number of serving registrations by reporter. A reporter has one status for its server, which may be registered
 * under several targets.
 */
const servingCounts = new WeakMap<HealthReporter, number>();

/** Returns the handle of one registration. Without a reporter it has no effect. */
export function createHealthHandle(reporter: HealthReporter | undefined): HealthHandle {
  let state: 'new' | 'serving' | 'released' = 'new';
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
      state = 'serving';
      count(1);
    },
    release() {
      if (state !== 'serving') return;
      state = 'released';
      count(-1);
    },
  };
}

/** A failure of the reporter must not prevent a registration or a drain. */
function report(reporter: HealthReporter, status: 'SERVING' | 'NOT_SERVING'): void {
  callSafely(
    () => reporter.setStatus('', status),
    (error) =>
      process.emitWarning(`the health reporter failed to set ${status}: ${describeThrown(error)}`, {
        code: 'ETCD_NAMING_HEALTH',
      }),
  );
}
