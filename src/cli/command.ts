import type { EtcdClient } from '../index.js';
import { type Io, print, printJson } from './io.js';
import type { Options, OptionTable } from './options.js';

/** One verb of the command: what it takes, what its help says, what it does. */
export interface Command {
  readonly name: string;
  /** What follows the name, such as `<target> <id>`. */
  readonly takes: string;
  readonly summary: string;
  readonly details?: readonly string[];
  readonly examples: readonly string[];
  readonly options: OptionTable;
  /** The least and the most words that it takes. */
  readonly words: readonly [least: number, most: number];
  /** Whether a program follows after `--`. */
  readonly program?: boolean;
  run(call: Invocation): Promise<Outcome>;
}

/** How the command ends: an exit code, or by the signal that ended the program it ran. */
export type Outcome = number | { readonly signal: NodeJS.Signals };

/** One run of a verb. */
export interface Invocation {
  readonly words: readonly string[];
  readonly options: Options;
  /** What follows after `--`, for a verb that runs a program. */
  readonly program: readonly string[];
  readonly io: Io;
  /** A client by flags and variables, closed when the verb has ended; of these endpoints, if any are given. */
  connect(endpoints?: readonly string[]): EtcdClient;
  /** The endpoints that flags and variables name. */
  readonly endpoints: readonly string[];
}

/** Shows what was done: as one JSON document with `--json`, else as text. */
export function printResult({ io, options }: Invocation, document: object, text: string): void {
  if (options.flag('json')) printJson(io.stdout, document);
  else print(io.stdout, [text]);
}
