import { parseArgs } from 'node:util';
import { closestName } from '../model/options/closest-name.js';
import type { Command } from './command.js';
import { connectionOptions } from './connection.js';
import { wrongUsage } from './failure.js';
import { Options, type OptionTable } from './options.js';

/** What every verb takes. */
export const commonOptions: OptionTable = {
  json: { help: 'for machines: one JSON document, or one line an event (watch)' },
  debug: { help: 'with an error its stack' },
  help: { help: 'this text' },
};

const everywhere: OptionTable = { ...connectionOptions, ...commonOptions };

export interface CommandLine {
  /** The first word, undefined if there is none; what comes before it are options for every verb. */
  readonly verb: string | undefined;
  /** All else, in its order. */
  readonly rest: readonly string[];
  /** What follows after `--`. */
  readonly program: readonly string[];
  readonly hasProgram: boolean;
}

/** Finds the verb; options may stand before it, as etcdctl has it. */
export function splitCommandLine(argv: readonly string[]): CommandLine {
  const end = argv.indexOf('--');
  const own = plainSwitches(end < 0 ? argv : argv.slice(0, end));
  const { tokens } = parseArgs({
    args: own,
    options: parserOptions(everywhere),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const first = tokens.find((token) => token.kind === 'positional');
  const rest = own.filter((_, i) => i !== first?.index);
  const program = end < 0 ? [] : argv.slice(end + 1);
  return { verb: first?.value, rest, program, hasProgram: end >= 0 };
}

/** The words and options of a verb. @throws {Failure} for wrong usage. */
export function readVerbLine(verb: Command, line: CommandLine): { words: string[]; options: Options } {
  // Words that begin with a dash stand behind `--`, as everywhere.
  const args = verb.program || !line.hasProgram ? [...line.rest] : [...line.rest, '--', ...line.program];
  const { values, positionals } = parse(args, { ...everywhere, ...verb.options });
  const [least, most] = verb.words;
  if (positionals.length < least) throw wrongUsage(`too few words: etcd-naming ${verb.name} ${verb.takes}`);
  if (positionals.length > most)
    throw wrongUsage(`'${positionals[most]}' is one word too many: etcd-naming ${verb.name} ${verb.takes}`);
  return { words: positionals, options: new Options(values) };
}

function parse(args: string[], table: OptionTable) {
  try {
    const options = parserOptions(table);
    const config = {
      args: withNegativeNumbers(args, table),
      options,
      allowPositionals: true,
      allowNegative: true,
    };
    const { values, positionals } = parseArgs(config);
    return { values: joined(values), positionals };
  } catch (error) {
    throw wrongUsage(inOneLine(error as NodeJS.ErrnoException, table));
  }
}

/** A list that is given in several flags is one list. */
function joined(values: Readonly<Record<string, unknown>>): Record<string, string | boolean | undefined> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  ) as Record<string, string | boolean | undefined>;
}

/** Node's parser would call `--weight -1` ambiguous: a negative number is a value. */
function withNegativeNumbers(args: readonly string[], table: OptionTable): string[] {
  const out: string[] = [];
  for (const arg of args) {
    const before = out.at(-1) ?? '';
    const takesValue = before.startsWith('--') && table[before.slice(2)]?.value !== undefined;
    if (takesValue && /^-[\d.]/.test(arg)) out[out.length - 1] = `${before}=${arg}`;
    else out.push(arg);
  }
  return out;
}

/** The parser's error without its advice, which fills several lines; with what was probably meant. */
function inOneLine({ code, message }: NodeJS.ErrnoException, table: OptionTable): string {
  const [first = ''] = message.split(/\n|\. To specify/);
  const [, given] = /'(--?[^' =]*)/.exec(first) ?? [];
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && given !== undefined)
    return `there is no option '${given}'${hintFor(given, table)}`;
  const isAmbiguous = code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' && / is ambiguous\.?$/.test(first);
  if (isAmbiguous) return `${given} needs a value; write ${given}=VALUE for one that begins with a dash`;
  return first.replace(/\.$/, '');
}

function hintFor(given: string, table: OptionTable): string {
  if (given === '-v') return '; etcd-naming -v, without a verb, prints the version';
  const meant = closestName(given.replace(/^--?(no-)?/, ''), Object.keys(table));
  return meant === undefined ? '' : `; did you mean '--${meant}'?`;
}

function parserOptions(table: OptionTable) {
  return Object.fromEntries(
    Object.entries(table).map(([name, { value, multiple = false }]) => {
      const type = value === undefined ? 'boolean' : 'string';
      return [name, name === 'help' ? { type, short: 'h' } : { type, multiple }] as const;
    }),
  ) as Record<string, { type: 'boolean' | 'string'; short?: string; multiple?: boolean }>;
}

/** Go's `--flag=true` and `--flag=false`, which Node's parser does not know. */
function plainSwitches(args: readonly string[]): string[] {
  return args.map((arg) => {
    const [, name, value] = /^--([a-z-]+)=(true|false)$/.exec(arg) ?? [];
    if (name === undefined || !Object.hasOwn(everywhere, name) || everywhere[name]?.value !== undefined)
      return arg;
    return value === 'true' ? `--${name}` : `--no-${name}`;
  });
}
