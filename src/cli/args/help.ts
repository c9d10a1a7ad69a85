import { type Command, synopsis } from '../command.js';
import { alignColumns } from '../output/text.js';
import { commonOptions } from './command-line.js';
import { connectionOptions } from './connection.js';
import { type OptionTable, writtenOption } from './options.js';

/** The text of `etcd-naming --help`. */
export function overviewHelp(commands: readonly Command[]): string[] {
  return [
    'Lists, watches, changes and diagnoses services that are stored in etcd, in the format of its Go client',
    'or, with --codec, of another framework.',
    '',
    'Usage: etcd-naming <command> [arguments] [options]',
    '',
    ...indent(commands.map((command) => [synopsis(command), command.summary])),
    '',
    'Run etcd-naming <command> --help for details and examples.',
    '',
    'Connection options. Each is also read from etcdctl’s variable (ETCDCTL_ENDPOINTS, …); a flag takes precedence:',
    ...optionLines(connectionOptions),
    '',
    'Options of every command:',
    ...optionLines(commonOptions),
    '',
    'Exit codes: 0 success; 1 etcd refused the request, or the record does not exist; 2 wrong usage;',
    '3 etcd is unreachable; 4 the name does not resolve (doctor); 124 the lock or the leadership was not acquired in time;',
    '125 it was lost. `register`, `lock` and `elect` exit as their program does.',
  ];
}

/** The text of `etcd-naming <command> --help`. */
export function commandHelp(command: Command): string[] {
  const options = optionLines(command.options);
  return [
    `etcd-naming ${synopsis(command)}`,
    '',
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    ...(command.details ?? []),
    ...(options.length > 0 ? ['', 'Options:', ...options] : []),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
    'For connection options and common options, see etcd-naming --help.',
  ];
}

function optionLines(table: OptionTable): string[] {
  return indent(
    Object.entries(table).map(([name, spec]) => {
      const short = spec.short === undefined ? '' : `-${spec.short}, `;
      return [`${short}${writtenOption(name, spec)}${spec.value ? ` ${spec.value}` : ''}`, spec.help];
    }),
  );
}

function indent(rows: readonly (readonly string[])[]): string[] {
  return alignColumns(rows).map((line) => `  ${line}`);
}
