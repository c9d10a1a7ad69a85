import { CliError, messageWithoutCode } from '../errors.js';
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

/** Why it was lost. */
export function describeLoss({ signal }: Tenure): string {
  return messageWithoutCode(signal.reason);
}
