import { diag } from '@opentelemetry/api';

/**
 * Runs what calls the SDK of OpenTelemetry. What it throws, such as the error of a sampler or a span processor, must reach
 * neither the call that is recorded nor the process, which Node's channels would end.
 */
export class Guard {
  readonly #reported = new Set<string>();

  /** Returns undefined when `work` throws. The first error of each `action` is logged with OpenTelemetry's `diag`. */
  run<T>(action: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#report(action, error);
      return undefined;
    }
  }

  #report(action: string, error: unknown): void {
    if (this.#reported.has(action)) return;
    this.#reported.add(action);
    try {
      diag.error(`@org/etcd-naming: ${action} failed; further errors are not reported`, error);
    } catch {
      // The logger is the application's own; there is nowhere else to report to.
    }
  }
}
