import { InvalidInputError, TlsError } from '../index.js';
import { variableOf } from './connection.js';
import { CliError, exitCodeOf } from './failure.js';
import type { Environment } from './io.js';
import type { Options } from './options.js';

/** Which flag sets an option of the library. */
const flagOf: Readonly<Record<string, string>> = {
  'tls.caFile': 'cacert',
  'tls.ca': 'cacert',
  'tls.certFile': 'cert',
  'tls.cert': 'cert',
  'tls.keyFile': 'key',
  'tls.key': 'key',
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
 * An error about options, in the names that its reader has written: the flags that were given, else the variables.
 * Any other error as it is.
 */
export function inFlags(error: unknown, options: Options, env: Environment): unknown {
  if (!(error instanceof InvalidInputError || error instanceof TlsError)) return error;
  const isGiven = (flag: string) => options.given(flag) !== undefined;
  const nameOf = (flag: string) => (!isGiven(flag) && env[variableOf(flag)] ? variableOf(flag) : `--${flag}`);
  const message = error.message
    .replace(/^INVALID_ARGUMENT: /, '')
    .replace(optionNames, (option) => nameOf(flagOf[option] ?? option))
    .replace(/\btls is given\b/, () => `${tlsGivenBy(options, env).map(nameOf).join(' and ')} asks for TLS`)
    .replace(/ETCDCTL_([A-Z_]+)/g, (variable, name: string) => {
      const flag = name.toLowerCase().replaceAll('_', '-');
      return isGiven(flag) ? `--${flag}` : variable;
    });
  return new CliError(message, exitCodeOf(error), error);
}

function tlsGivenBy(options: Options, env: Environment): string[] {
  return tlsFlags.filter((flag) => options.given(flag) !== undefined || env[variableOf(flag)]);
}
