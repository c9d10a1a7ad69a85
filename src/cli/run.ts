import { createRequire } from 'node:module';
import type { EtcdClient } from '../index.js';
import { closestName } from '../model/options/closest-name.js';
import type { Command, Outcome } from './command.js';
import { type CommandLine, readVerbLine, splitCommandLine } from './command-line.js';
import { connect, endpointsOf } from './connection.js';
import { exit } from './exit-codes.js';
import { describe, exitCodeOf, stackOf, wrongUsage } from './failure.js';
import { inFlags } from './flag-names.js';
import { helpOf, overview } from './help.js';
import { type Io, print, warn } from './io.js';
import type { Options } from './options.js';
import { verbs } from './verbs/index.js';

/** Runs one command line; every failure becomes a line on stderr and an exit code. */
export async function run(argv: readonly string[], io: Io): Promise<Outcome> {
  const line = splitCommandLine(argv);
  try {
    return await perform(line, io);
  } catch (error) {
    warn(io, describe(error));
    if (line.rest.includes('--debug')) print(io.stderr, stackOf(error));
    return exitCodeOf(error);
  }
}

async function perform(line: CommandLine, io: Io): Promise<Outcome> {
  const asks = (name: string) => line.rest.includes(name);
  if (line.verb === undefined && (asks('--version') || asks('-v'))) return say(io, [version()]);
  if (line.verb === undefined) return noVerb(asks('--help') || asks('-h'), io);
  if (line.verb === 'help') return help(line.rest[0], io);
  const verb = verbNamed(line.verb);
  if (asks('--help') || asks('-h')) return help(verb.name, io);
  const { words, options } = readVerbLine(verb, line);
  return withClients(options, io, (parts) =>
    verb.run({ words, options, program: line.program, io, ...parts }),
  );
}

/** The clients a verb opens are closed however it ends: an open one keeps the process alive. */
async function withClients(
  options: Options,
  { env }: Io,
  act: (parts: {
    endpoints: readonly string[];
    connect(endpoints?: readonly string[]): EtcdClient;
  }) => Promise<Outcome>,
): Promise<Outcome> {
  const opened: EtcdClient[] = [];
  try {
    return await act({
      endpoints: endpointsOf(options, env),
      connect: (endpoints) => {
        const client = connect(options, env, endpoints);
        opened.push(client);
        return client;
      },
    });
  } catch (error) {
    throw inFlags(error, options, env);
  } finally {
    for (const client of opened) await client.close();
  }
}

function noVerb(isAsked: boolean, { stdout, stderr }: Io): number {
  print(isAsked ? stdout : stderr, overview(verbs));
  return isAsked ? exit.ok : exit.usage;
}

function help(name: string | undefined, io: Io): number {
  return say(io, name === undefined ? overview(verbs) : helpOf(verbNamed(name)));
}

function say({ stdout }: Io, lines: readonly string[]): number {
  print(stdout, lines);
  return exit.ok;
}

function verbNamed(name: string): Command {
  const found = verbs.find((verb) => verb.name === name);
  if (found) return found;
  const names = verbs.map((verb) => verb.name);
  const meant = closestName(name, [...names, ...Object.keys(synonyms)]);
  const help =
    meant === undefined ? `there are ${names.join(', ')}` : `did you mean '${synonyms[meant] ?? meant}'?`;
  throw wrongUsage(`there is no verb '${name}'; ${help}`);
}

/** What other commands call the same. */
const synonyms: Readonly<Record<string, string>> = {
  ...{
    list: 'ls',
    show: 'get',
    put: 'add',
    create: 'add',
    delete: 'rm',
    del: 'rm',
    remove: 'rm',
    follow: 'watch',
  },
  ...{ run: 'register', check: 'doctor' },
};

/** Of the package that the command came in. */
function version(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  return version;
}
