import { parseArgs } from 'node:util';
import { connectionOptions } from './connection.js';
import { wrongUsage } from './failure.js';
import { Options, type OptionTable } from './options.js';
import type { Verb } from './verb.js';

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
export function readVerbLine(verb: Verb, line: CommandLine): { words: string[]; options: Options } {
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
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true, allowNegative: true });
    return { values: values as Record<string, string | boolean | undefined>, positionals };
  } catch (error) {
    // Node adds advice that fills several lines.
    const [first = ''] = String((error as Error).message).split(/\n|\. To specify/);
    throw wrongUsage(first.replace(/\.$/, ''));
  }
}

function parserOptions(table: OptionTable) {
  return Object.fromEntries(
    Object.entries(table).map(([name, { value }]) => {
      const type = value === undefined ? 'boolean' : 'string';
      return [name, name === 'help' ? { type, short: 'h' } : { type }] as const;
    }),
  ) as Record<string, { type: 'boolean' | 'string'; short?: string }>;
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
