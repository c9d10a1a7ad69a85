import { InvalidInputError, TlsError } from '../../index.js';
import { CliError, exitCodeOf } from '../errors.js';
import type { Environment } from '../output/io.js';
import { variableNameOf } from './connection.js';
import type { ParsedOptions } from './options.js';

/** The flag that sets an option of the library. */
const flagOf: Readonly<Record<string, string>> = {
  'tls.caFile': 'cacert',
  'tls.ca': 'cacert',
  'tls.certFile': 'cert',
  'tls.cert': 'cert',
  'tls.keyFile': 'key',
  'tls.key': 'key',
  'discovery.srv': 'discovery-srv',
  'discovery.serviceName': 'discovery-srv-name',
  'discovery.insecure': 'insecure-discovery',
  connectTimeoutMs: 'dial-timeout',
  timeoutMs: 'command-timeout',
  keepaliveTimeMs: 'keepalive-time',
  keepaliveTimeoutMs: 'keepalive-timeout',
};
const optionNames = new RegExp(
  `(?<![\\w.'])(${Object.keys(flagOf).join('|').replaceAll('.', '\\.')})(?![\\w.'])`,
  'g',
);
const tlsFlags = ['cacert', 'cert', 'key', 'insecure-skip-tls-verify', 'insecure-transport'];

/**
 * Rewrites an error about options of the library in the names that the user wrote: flags where they were given, else
 * variables. Returns any other error unchanged.
 */
export function withFlagNames(error: unknown, options: ParsedOptions, env: Environment): unknown {
  if (!(error instanceof InvalidInputError || error instanceof TlsError)) return error;
  const isGiven = (flag: string) => options.rawText(flag) !== undefined;
  const nameOf = (flag: string) =>
    !isGiven(flag) && env[variableNameOf(flag)] ? variableNameOf(flag) : `--${flag}`;
  const message = error.message
    .replace(/^INVALID_ARGUMENT: /, '')
    .replace(optionNames, (option) => nameOf(flagOf[option] ?? option))
    .replace(
      /\btls is given\b/,
      () => `TLS is requested by ${tlsFlagsIn(options, env).map(nameOf).join(' and ')}`,
    )
    .replace(/ETCDCTL_([A-Z_]+)/g, (variable, name: string) => {
      const flag = name.toLowerCase().replaceAll('_', '-');
      return isGiven(flag) ? `--${flag}` : variable;
    });
  return new CliError(message, exitCodeOf(error), error);
}

/** The flags that turn TLS on and were given, as a flag or as a variable. */
function tlsFlagsIn(options: ParsedOptions, env: Environment): string[] {
  return tlsFlags.filter((flag) => options.rawText(flag) !== undefined || env[variableNameOf(flag)]);
}
