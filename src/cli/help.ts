import type { Command } from './command.js';
import { commonOptions } from './command-line.js';
import { connectionOptions } from './connection.js';
import type { OptionTable } from './options.js';
import { columns } from './text.js';

export function overview(verbs: readonly Command[]): string[] {
  return [
    'Services named in etcd, in the format of etcd’s own Go client: list, watch, change, and find out what is wrong.',
    '',
    'Usage: etcd-naming <verb> [words] [options]',
    '',
    ...indented(verbs.map((verb) => [`${verb.name} ${verb.takes}`, verb.summary])),
    '',
    'etcd-naming <verb> --help tells more, with examples. --version tells the version.',
    '',
    'Connection, also by etcdctl’s variables (ETCDCTL_ENDPOINTS, …); a flag wins:',
    ...optionLines(connectionOptions),
    '',
    'With every verb:',
    ...optionLines(commonOptions),
    '',
    'Exit codes: 0 fine, 1 etcd said no or it is not there, 2 wrong usage, 3 no etcd reached,',
    '4 the name does not resolve (doctor). `register` passes on the exit code of its program.',
  ];
}

export function helpOf(verb: Command): string[] {
  const own = optionLines(verb.options);
  return [
    `etcd-naming ${verb.name} ${verb.takes}`,
    '',
    verb.summary,
    ...(verb.details ?? []),
    ...(own.length > 0 ? ['', 'Options:', ...own] : []),
    '',
    'Examples:',
    ...verb.examples.map((example) => `  ${example}`),
    '',
    'Connection options and those of every verb: etcd-naming --help',
  ];
}

function optionLines(table: OptionTable): string[] {
  return indented(
    Object.entries(table).map(([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ''}`, help]),
  );
}

function indented(rows: readonly (readonly string[])[]): string[] {
  return columns(rows).map((line) => `  ${line}`);
}
