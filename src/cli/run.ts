import type { EtcdClient } from '../index.js';
import { didYouMean } from '../model/options/closest-name.js';
import { type CommandLine, parseCommandArgs, splitCommandLine } from './args/command-line.js';
import { configuredEndpoints, createClient, readPasswordFile } from './args/connection.js';
import { withFlagNames } from './args/flag-names.js';
import { commandHelp, overviewHelp } from './args/help.js';
import type { ParsedOptions } from './args/options.js';
import { outputFormatFrom } from './args/output-format.js';
import type { Command, Invocation, Outcome } from './command.js';
import { commands } from './commands/index.js';
import { exitCodeOf, messageOf, stackLinesOf, usageError } from './errors.js';
import { exitCodes } from './exit-codes.js';
import { type Io, print, printError } from './output/io.js';
import { packageVersion } from './package.js';

/** Runs one command line. An error is printed on stderr and becomes an exit code; nothing is thrown. */
export async function run(argv: readonly string[], io: Io): Promise<Outcome> {
  const line = splitCommandLine(argv);
  try {
    return await dispatch(line, io);
  } catch (error) {
    printError(io, messageOf(error));
    if (line.args.includes('--debug')) print(io.stderr, stackLinesOf(error));
    return exitCodeOf(error);
  }
}

async function dispatch(line: CommandLine, io: Io): Promise<Outcome> {
  const has = (flag: string) => line.args.includes(flag);
  const wantsHelp = has('--help') || has('-h');
  if (has('--version') || has('-v')) return printAndSucceed(io, [packageVersion()]);
  if (line.commandName === undefined) return runWithoutCommand(wantsHelp, io);
  if (line.commandName === 'help') return help(line.args[0], io);
  const command = findCommand(line.commandName);
  if (wantsHelp) return help(command.name, io);
  const { positionals, options, programArgs } = parseCommandArgs(command, line);
  const format = outputFormatFrom(options);
  return withClients(options, io, (clients) =>
    command.run({ positionals, options, format, programArgs, io, ...clients }),
  );
}

/** Closes every client that the command created: an open client keeps the process alive. */
async function withClients(
  options: ParsedOptions,
  { env }: Io,
  callback: (clients: Pick<Invocation, 'endpoints' | 'createClient'>) => Promise<Outcome>,
): Promise<Outcome> {
  const clients: EtcdClient[] = [];
  try {
    await readPasswordFile(options, env);
    return await callback({
      endpoints: configuredEndpoints(options, env),
      createClient: (endpoints) => {
        const client = createClient(options, env, endpoints);
        clients.push(client);
        return client;
      },
    });
  } catch (error) {
    throw withFlagNames(error, options, env);
  } finally {
    for (const client of clients) await client.close();
  }
}

function runWithoutCommand(wantsHelp: boolean, { stdout, stderr }: Io): number {
  print(wantsHelp ? stdout : stderr, overviewHelp(commands));
  return wantsHelp ? exitCodes.ok : exitCodes.usage;
}

function help(commandName: string | undefined, io: Io): number {
  return printAndSucceed(
    io,
    commandName === undefined ? overviewHelp(commands) : commandHelp(findCommand(commandName)),
  );
}

function printAndSucceed({ stdout }: Io, lines: readonly string[]): number {
  print(stdout, lines);
  return exitCodes.ok;
}

function findCommand(name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const names = commands.map((command) => command.name);
  const known = [...names, ...Object.keys(synonyms)];
  const question = didYouMean(name, known, {}, (one) => synonyms[one] ?? one);
  throw usageError(`unknown command '${name}'; ${question ?? `the commands are ${names.join(', ')}`}`);
}

/** Names that other tools use. They are suggested, not accepted. */
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
  ...{ mutex: 'lock', flock: 'lock', election: 'elect', campaign: 'elect' },
};
