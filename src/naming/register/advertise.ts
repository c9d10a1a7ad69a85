import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import {
  formatValue,
  hostProblem,
  isOwnHost,
  noOptions,
  oneOf,
  optionsChecker,
  printable,
  text,
} from '../../model/index.js';
import { addressProblem } from '../address/index.js';
import { NamingError } from '../errors.js';

/** Options of {@link advertiseAddress}. */
export interface AdvertiseOptions {
  /**
   * The environment variable with this host's address, such as one set by Kubernetes' downward API. Default `POD_IP`.
   */
  readonly env?: string;
  /** The network interface whose address is used, such as `eth0`. Default: the first that is not internal. */
  readonly interface?: string;
  /** The IP version of the interface's address. Default: 4, or 6 without an IPv4 address. */
  readonly family?: 4 | 6;
}

const checkAdvertise = optionsChecker<AdvertiseOptions>({ env: text, interface: text, family: oneOf(4, 6) });

/**
 * Returns the address, `host:port`, at which other hosts reach a server on this port. The host comes from the environment
 * variable or, if that is unset, from a network interface. With several interfaces this is a guess: set `interface`.
 * @throws {NamingError} if no address is found; for a wildcard, loopback or link-local address, which other hosts cannot
 *   reach; for an invalid port. {InvalidInputError} for an invalid option.
 */
export function advertiseAddress(port: number, options: AdvertiseOptions = noOptions): string {
  checkAdvertise(options);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new NamingError(
      `the port is ${shownPort(port)}; it must be the bound port, a number from 1 to 65535`,
    );
  const name = options.env ?? 'POD_IP';
  const inEnvironment = process.env[name]?.trim().replace(/^\[(.*)\]$/, '$1');
  const host = inEnvironment || interfaceHost(options);
  if (isOwnHost(host)) throw new NamingError(`${host} cannot be advertised: it is each caller's own host`);
  if (/^fe[89ab].:/i.test(host))
    throw new NamingError(`${host} cannot be advertised: a link-local address is valid only on its own link`);
  const address = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
  const problem = hostProblem(host) ?? addressProblem(address);
  if (problem !== undefined)
    throw new NamingError(`${name} is '${printable(host)}', which is not a host to advertise: ${problem}`);
  return address;
}

function interfaceHost({ interface: wanted, family }: AdvertiseOptions): string {
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => wanted === undefined || name === wanted)
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid); // a link-local address is valid on its own link only
  const addressOf = (version: 4 | 6) => found.find((address) => address.family === `IPv${version}`)?.address;
  const host = family ? addressOf(family) : (addressOf(4) ?? addressOf(6));
  if (host !== undefined) return host;
  const where = wanted === undefined ? 'no network interface has' : `the interface ${wanted} does not have`;
  throw new NamingError(`${where} an address that other hosts reach; set addr yourself`);
}

/** Adds the type to a string: the port from an environment variable is often passed as text. */
function shownPort(port: unknown): string {
  return typeof port === 'string' ? `${formatValue(port)} (string)` : formatValue(port);
}
