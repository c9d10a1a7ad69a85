import type { EtcdClient } from '../index.js';
import type { OptionTable, ParsedOptions } from './args/options.js';
import type { OutputFormat } from './args/output-format.js';
import { type Io, print, printJson } from './output/io.js';

/** One command of `etcd-naming`, such as `ls`. */
export interface Command {
  readonly name: string;
  /** The arguments, as the help shows them after the name: `<target> <id>`. */
  readonly usage: string;
  /** One line for the overview, which begins in lower case. */
  readonly summary: string;
  /** The lines of the command's own help after the summary. */
  readonly details?: readonly string[];
  readonly examples: readonly string[];
  /** The command's own options, without the common ones. */
  readonly options: OptionTable;
  /** How many positional arguments the command accepts. */
  readonly positionalCount: readonly [min: number, max: number];
  /** The values of the positional arguments, for shell completion, if they are known. */
  readonly choices?: readonly string[];
  /** Whether the arguments after `--` are a program to run. Default false: they are positionals. */
  readonly runsProgram?: boolean;
  run(invocation: Invocation): Promise<Outcome>;
}

/** The name of a command with its arguments, if it has any. */
export function synopsis({ name, usage }: Pick<Command, 'name' | 'usage'>): string {
  return usage === '' ? name : `${name} ${usage}`;
}

/** How the command ends: with an exit code, or by the signal that ended its program. */
export type Outcome = number | { readonly signal: NodeJS.Signals };

/** One run of a command. */
export interface Invocation {
  readonly positionals: readonly string[];
  readonly options: ParsedOptions;
  readonly format: OutputFormat;
  /** The arguments after `--`, for a command that runs a program; undefined without `--`. */
  readonly programArgs: readonly string[] | undefined;
  readonly io: Io;
  /** The etcd endpoints that the flags or variables name; none if the members are found by DNS. */
  readonly endpoints: readonly string[];
  /**
   * Creates a client from the flags and variables. It is closed when the command ends.
   * @param endpoints default: {@link endpoints}, or the members that DNS names.
   */
  createClient(endpoints?: readonly string[]): EtcdClient;
}

/** Prints a result: the document as JSON, or the lines of text. */
export function printResult({ io, format }: Invocation, document: object, ...text: string[]): void {
  if (format === 'json') printJson(io.stdout, document);
  else print(io.stdout, text);
}
