import { CliError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';

/** What a program needs while it runs: a lock, or the leadership of an election. */
export interface Tenure {
  /** Read before acting: a process that was stopped may have lost it meanwhile. */
  readonly held: boolean;
  /** Aborted when it ends; the reason says why. */
  readonly signal: AbortSignal;
}

/** @throws {CliError} if it is lost. */
export function requireHeld(tenure: Tenure, consequence = ''): void {
  if (!tenure.held) throw new CliError(`${describeLoss(tenure)}${consequence}`, exitCodes.lost);
}

/** Resolves when it is lost. */
export function untilLost({ signal }: Tenure): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Why it was lost, without the name of the gRPC code. */
export function describeLoss({ signal }: Tenure): string {
  const { reason } = signal;
  return reason instanceof Error ? reason.message.replace(/^[A-Z_]+: /, '') : String(reason);
}
