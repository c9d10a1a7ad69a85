import type { OptionTable, ParsedOptions } from '../args/options.js';
import type { Invocation } from '../command.js';
import { maxTtlSeconds } from '../data/endpoint-options.js';
import { usageError } from '../errors.js';
import { warn } from '../output/io.js';
import type { ProgramOptions } from './program-control.js';
import { withoutEtcdctlVariables } from './program-environment.js';

/** The options of the commands that wait for something and run a program while they hold it. */
export function tenureOptions(what: string): OptionTable {
  return {
    timeout: { value: 'DURATION', help: 'limit for waiting; 0s does not wait (default: no limit)' },
    ttl: {
      value: 'S',
      help: `seconds until others get ${what} if this process is killed or cut off (default 15)`,
    },
    grace: {
      value: 'DURATION',
      help: `when ${what} is lost, time for the program to end after SIGTERM, before SIGKILL (default 10s)`,
    },
    'clean-env': { help: 'remove ETCDCTL_* from the program’s environment' },
  };
}

/**
 * Refuses the options of {@link tenureOptions} for a command that neither waits nor holds anything.
 * @param flag The option that makes it one.
 * @throws {CliError} if there is one.
 */
export function refuseTenureOptions(options: ParsedOptions, flag: string): void {
  const given = Object.keys(tenureOptions('')).find((name) => options.rawText(name) !== undefined);
  if (given !== undefined) throw usageError(`${flag} and --${given} exclude each other`);
}

/** The default of --ttl: that of the library. */
export const defaultTtlSeconds = 15;

export function ttlSecondsFrom(options: ParsedOptions): number {
  return options.integer('ttl', 1, maxTtlSeconds) ?? defaultTtlSeconds;
}

/** How to wait for a lock or the leadership. */
export interface TenureWait {
  readonly ttlSeconds: number;
  /** Undefined: no limit. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

/** How to run the program after `--`; undefined without `--`. @throws {CliError} for wrong usage. */
export function programFrom({ programArgs, options, io }: Invocation): ProgramOptions | undefined {
  const stopTimeoutMs = options.duration('grace') ?? 10_000;
  if (programArgs === undefined) return undefined;
  // Such as an empty variable: the command would hold the lock without a program until a signal.
  if (programArgs.length === 0) throw usageError('the program after -- is missing');
  if (programArgs[0] === '') throw usageError('the program after -- has an empty name');
  return {
    command: programArgs,
    env: options.flag('clean-env') ? withoutEtcdctlVariables(io.env) : io.env,
    stopTimeoutMs,
    log: (text) => warn(io, text),
  };
}
