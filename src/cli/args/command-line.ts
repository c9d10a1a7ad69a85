import { parseArgs } from 'node:util';
import { didYouMean, type NamesElsewhere } from '../../model/options/closest-name.js';
import { type Command, synopsis } from '../command.js';
import { usageError } from '../errors.js';
import { connectionOptions } from './connection.js';
import { choice, type OptionTable, ParsedOptions } from './options.js';
import { outputFormats } from './output-format.js';

/** Options of every command, beside those of the connection. */
export const commonOptions: OptionTable = {
  output: {
    ...choice(outputFormats),
    short: 'o',
    help: 'what to print: a table (default), a wide one with more columns (ls, watch), or JSON',
  },
  json: { help: 'the same as --output json: one document, or one line per event (watch)' },
  debug: { help: 'print the stack of an error' },
  help: { short: 'h', help: 'print this text' },
  version: { short: 'v', help: 'print the version' },
};

/** The options that every command accepts. */
export const globalOptions: OptionTable = { ...connectionOptions, ...commonOptions };

/** The arguments of the process, split into a command name, its arguments and what follows `--`. */
export interface CommandLine {
  /** The first argument that is not an option, or undefined. */
  readonly commandName: string | undefined;
  /** All other arguments before `--`, in their order. */
  readonly args: readonly string[];
  /** The arguments after the first `--`; undefined without one. */
  readonly rest: readonly string[] | undefined;
}

/** The arguments of one command. */
export interface CommandArgs {
  readonly positionals: readonly string[];
  readonly options: ParsedOptions;
  /** The arguments after the `--` before a program; undefined without one. */
  readonly programArgs: readonly string[] | undefined;
}

/** Finds the command name. Global options may precede it, as in etcdctl. */
export function splitCommandLine(argv: readonly string[]): CommandLine {
  const end = argv.indexOf('--');
  const args = expandBooleanFlags(end < 0 ? argv : argv.slice(0, end));
  const { tokens } = parseArgs({
    args,
    options: parserOptions(globalOptions),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const first = tokens.find((token) => token.kind === 'positional');
  return {
    commandName: first?.value,
    args: args.filter((_, i) => i !== first?.index),
    rest: end < 0 ? undefined : argv.slice(end + 1),
  };
}

/** Parses the positionals and options of a command. @throws {CliError} for wrong usage. */
export function parseCommandArgs(command: Command, { args, rest }: CommandLine): CommandArgs {
  const table = { ...globalOptions, ...command.options };
  const { values, positionals: before } = parse([...args], table);
  const [min, max] = command.positionalCount;
  const { after, programArgs } = splitRest(rest, command.runsProgram === true, before.length < max);
  const positionals = [...before, ...after];
  rejectUndecodable(positionals, values, programArgs ?? [], command);
  const usage = `usage: etcd-naming ${synopsis(command)}`;
  if (positionals.length < min) throw usageError(`an argument is missing; ${usage}`);
  if (positionals.length > max) throw usageError(`unexpected argument '${positionals[max]}'; ${usage}`);
  return { positionals, options: new ParsedOptions(values), programArgs };
}

/**
 * Splits what follows the first `--`. For a command that runs no program these are positionals, which may begin with a
 * dash. For one that does they are the program, unless a positional is missing and the first begins with a dash, as no
 * program does: then they are positionals, up to the next `--`.
 */
function splitRest(
  rest: readonly string[] | undefined,
  runsProgram: boolean,
  takesPositional: boolean,
): { after: readonly string[]; programArgs: readonly string[] | undefined } {
  if (rest === undefined || !runsProgram) return { after: rest ?? [], programArgs: undefined };
  if (!takesPositional || !rest[0]?.startsWith('-')) return { after: [], programArgs: rest };
  const end = rest.indexOf('--');
  if (end < 0) return { after: rest, programArgs: undefined };
  return { after: rest.slice(0, end), programArgs: rest.slice(end + 1) };
}

/** What Node reads in the place of bytes that are not UTF-8. */
const replacement = '\ufffd';

/**
 * An argument that is not UTF-8 would name another key, or be another argument of the program. It looks the same as
 * one that contains U+FFFD itself. The message has no value of an option, which may be a password.
 * @throws {CliError} if there is one.
 */
function rejectUndecodable(
  positionals: readonly string[],
  values: Readonly<Record<string, unknown>>,
  programArgs: readonly string[],
  { options }: Command,
): void {
  const isDamaged = (value: unknown) => typeof value === 'string' && value.includes(replacement);
  const positional = positionals.find(isDamaged);
  const option = Object.keys(values).find((name) => isDamaged(values[name]));
  const what =
    (positional !== undefined && `the argument '${positional}'`) ||
    (option !== undefined && `the value of --${option}`) ||
    (programArgs.some(isDamaged) && 'an argument of the program');
  if (!what) return;
  const isId = positionals.findIndex(isDamaged) > 0;
  const hint = isId && options['hex'] ? '; --hex takes an id in hexadecimal' : '';
  throw usageError(`${what} is not UTF-8, or contains U+FFFD, which Node reads for such bytes${hint}`);
}

function parse(args: string[], table: OptionTable) {
  try {
    const { values, positionals } = parseArgs({
      args: attachNegativeNumbers(args, table),
      options: parserOptions(table),
      allowPositionals: true,
      allowNegative: true,
    });
    return { values: joinLists(values), positionals };
  } catch (error) {
    throw usageError(parserErrorText(error as NodeJS.ErrnoException, args, table));
  }
}

/** Joins the values of an option that was given several times. */
function joinLists(values: Readonly<Record<string, unknown>>): Record<string, string | boolean | undefined> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  ) as Record<string, string | boolean | undefined>;
}

/** Rewrites `--weight -1` as `--weight=-1`: Node's parser rejects the first form as ambiguous. */
function attachNegativeNumbers(args: readonly string[], table: OptionTable): string[] {
  const out: string[] = [];
  for (const arg of args) {
    const previous = out.at(-1) ?? '';
    const takesValue = previous.startsWith('--') && table[previous.slice(2)]?.value !== undefined;
    if (takesValue && /^-[\d.]/.test(arg)) out[out.length - 1] = `${previous}=${arg}`;
    else out.push(arg);
  }
  return out;
}

/** The parser's error on one line, without its advice, and with a suggestion for a misspelt option. */
function parserErrorText(
  { code, message }: NodeJS.ErrnoException,
  args: readonly string[],
  table: OptionTable,
): string {
  const [first = ''] = message.split(/\n|\. To specify/);
  const [, flag] = /'(--?[^' =]*)/.exec(first) ?? [];
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && flag !== undefined) return unknownOption(flag, args, table);
  const isAmbiguous = code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' && / is ambiguous\.?$/.test(first);
  if (isAmbiguous) return `${flag} requires a value; write ${flag}=VALUE if the value begins with a dash`;
  return first.replace(/\.$/, '');
}

/**
 * The parser reads `-json` as `-j` and more letters. The whole word is printed only if it is similar to an option:
 * `-psecret` may contain a password.
 */
function unknownOption(flag: string, args: readonly string[], table: OptionTable): string {
  const long = flag.startsWith('--') ? undefined : args.find((arg) => arg.startsWith(flag));
  const [word = flag] = long?.split('=', 1) ?? [];
  const suggestion = suggestionFor(word, table);
  return suggestion === ''
    ? `unknown option '${flag}'${suggestionFor(flag, table)}`
    : `unknown option '${word}'${suggestion}`;
}

/** The names of options in etcdctl and kubectl. They are suggested, not accepted. */
const namesElsewhere: NamesElsewhere = {
  ...{ w: 'output', 'write-out': 'output', format: 'output' },
  ...{ nonblock: 'timeout', wait: 'timeout', listen: 'observe' },
};

function suggestionFor(flag: string, table: OptionTable): string {
  const name = flag.replace(/^--?(no-)?/, '');
  const question = didYouMean(name, Object.keys(table), namesElsewhere, (known) => `--${known}`);
  return question === undefined ? '' : `; ${question}`;
}

function parserOptions(table: OptionTable) {
  return Object.fromEntries(
    Object.entries(table).map(([name, { value, short, multiple = false }]) => {
      const type = value === undefined ? 'boolean' : 'string';
      return [name, { type, multiple, ...(short === undefined ? {} : { short }) }] as const;
    }),
  ) as Record<string, { type: 'boolean' | 'string'; short?: string; multiple?: boolean }>;
}

/** Rewrites Go's `--flag=true` and `--flag=false` as `--flag` and `--no-flag`, which Node's parser accepts. */
function expandBooleanFlags(args: readonly string[]): string[] {
  return args.map((arg) => {
    const [, name, value] = /^--([a-z-]+)=(true|false)$/.exec(arg) ?? [];
    if (name === undefined || !Object.hasOwn(globalOptions, name) || globalOptions[name]?.value !== undefined)
      return arg;
    return value === 'true' ? `--${name}` : `--no-${name}`;
  });
}
