import { keyText } from '../../index.js';
import type { Outcome } from '../command.js';
import { messageOf } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { onOutputFailure } from '../output/output-failure.js';
import { onSignals, terminationSignals } from '../signals.js';
import { GuardedProgram } from './guarded-program.js';
import type { ProgramOptions } from './program-control.js';
import { requireHeld, type Tenure } from './tenure.js';
import { untilAborted } from './until-aborted.js';

/** What the commands `lock` and `elect` hold while they run. */
export interface HeldPlace {
  readonly tenure: Tenure & {
    readonly key: Buffer;
    /** The revision of the store at the acquisition. */
    readonly token: bigint;
  };
  /** Deletes the key. */
  readonly end: () => Promise<void>;
}

export interface RunWhileHeldOptions {
  /** The program to run; undefined to wait for a termination signal. */
  readonly program: ProgramOptions | undefined;
  /** Prints that the place is held. If the output cannot be written, the key is deleted and the command ends. */
  readonly announce: () => void;
  readonly ttlSeconds: number;
  readonly log: (text: string) => void;
}

/**
 * Runs the program, or waits for a termination signal, and deletes the key at the end.
 * @throws {CliError} if the place was lost before that.
 */
export async function runWhileHeld(place: HeldPlace, options: RunWhileHeldOptions): Promise<Outcome> {
  const { tenure } = place;
  const { program, announce } = options;
  try {
    if (!program) return await holdUntilSignal(place, announce);
    announce();
    return await new GuardedProgram(tenure, program).run(variablesOf(tenure));
  } finally {
    await endPlace(place, options);
  }
}

/** The variables that `etcdctl lock` sets. */
function variablesOf({ key, token }: HeldPlace['tenure']): Readonly<Record<string, string>> {
  return { ETCD_LOCK_KEY: keyText(key), ETCD_LOCK_REV: String(token) };
}

/** @throws {CliError} if the place was lost before a termination signal, or a failure to write the output. */
async function holdUntilSignal({ tenure }: HeldPlace, announce: () => void): Promise<Outcome> {
  const removers: (() => void)[] = [];
  const ended = new Promise<Outcome>((resolve) => {
    removers.push(onSignals(terminationSignals, () => resolve(exitCodes.ok)));
    removers.push(onOutputFailure(resolve));
  });
  try {
    announce();
    const outcome = await Promise.race([ended, untilAborted(tenure.signal)]);
    requireHeld(tenure);
    return outcome ?? exitCodes.ok;
  } finally {
    for (const remove of removers) remove();
  }
}

/** A key that cannot be deleted expires with its lease, which is not renewed any more. */
async function endPlace({ tenure, end }: HeldPlace, { ttlSeconds, log }: RunWhileHeldOptions): Promise<void> {
  try {
    await end();
  } catch (error) {
    log(`${keyText(tenure.key)} was not deleted and expires within ${ttlSeconds} s: ${messageOf(error)}`);
  }
}
