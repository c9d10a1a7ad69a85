import { globalOptions } from '../args/command-line.js';
import { type OptionSpec, type OptionTable, writtenOption } from '../args/options.js';
import type { Command } from '../command.js';

/** What a shell needs to complete a command line, taken from the tables of the commands and their options. */
export interface CompletionModel {
  readonly commands: readonly CompletedCommand[];
  /** The options that every command accepts. */
  readonly globalOptions: readonly CompletedOption[];
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  /** Its own options. */
  readonly options: readonly CompletedOption[];
  /** The values of its positional arguments, if they are known. Targets and ids are not: that would require a call. */
  readonly choices: readonly string[];
  readonly runsProgram: boolean;
}

export interface CompletedOption {
  /** How it is written: `--output`, and `-o` if it has a short form. */
  readonly flags: readonly string[];
  readonly help: string;
  readonly value: OptionValue;
}

/** What follows an option. `label` is the placeholder of the help. */
export type OptionValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'text' | 'file'; readonly label: string }
  | { readonly kind: 'choice'; readonly label: string; readonly choices: readonly string[] };

export function completionModel(commands: readonly Command[]): CompletionModel {
  const help: CompletedCommand = {
    name: 'help',
    summary: 'print the help of a command',
    options: [],
    choices: commands.map(({ name }) => name),
    runsProgram: false,
  };
  return { commands: [...commands.map(toCompleted), help], globalOptions: toOptions(globalOptions) };
}

/** All options, each once: the same name takes the same value in every command. */
export function allOptions({ commands, globalOptions }: CompletionModel): CompletedOption[] {
  const byName = new Map<string, CompletedOption>();
  for (const option of [...globalOptions, ...commands.flatMap(({ options }) => options)])
    byName.set(option.flags.join(), option);
  return [...byName.values()];
}

function toCompleted({
  name,
  summary,
  options,
  choices = [],
  runsProgram = false,
}: Command): CompletedCommand {
  return { name, summary, options: toOptions(options), choices, runsProgram };
}

function toOptions(table: OptionTable): CompletedOption[] {
  return Object.entries(table).map(([name, spec]) => ({
    flags: [writtenOption(name, spec), ...(spec.short === undefined ? [] : [`-${spec.short}`])],
    help: spec.help,
    value: toValue(spec),
  }));
}

function toValue({ value, choices }: OptionSpec): OptionValue {
  if (value === undefined) return { kind: 'none' };
  if (choices !== undefined) return { kind: 'choice', label: value, choices };
  return { kind: value === 'FILE' ? 'file' : 'text', label: value };
}
