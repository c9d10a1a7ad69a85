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

export interface AdvertiseOptions {
  /** The environment variable that holds this host's address, as Kubernetes' downward API sets it. Default `POD_IP`. */
  readonly env?: string;
  /** The network interface whose address to take, such as `eth0`. Default: the first that is not internal. */
  readonly interface?: string;
  /** Default 4, or 6 where there is no IPv4 address. */
  readonly family?: 4 | 6;
}

const checkAdvertise = optionsChecker<AdvertiseOptions>({ env: text, interface: text, family: oneOf(4, 6) });

/**
 * The address at which other hosts reach a server on this port: from the environment variable, else from a network
 * interface. A guess where there are several: name the interface, or the address itself.
 * @throws {NamingError} when there is none, or it is a wildcard or loopback address, which would send every caller to
 *   itself; and for a port that is none.
 */
export function advertiseAddress(port: number, options: AdvertiseOptions = noOptions): string {
  checkAdvertise(options);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new NamingError(
      `the port is ${shownPort(port)}; it must be one that is bound, a number from 1 to 65535`,
    );
  const name = options.env ?? 'POD_IP';
  const inEnvironment = process.env[name]?.trim().replace(/^\[(.*)\]$/, '$1');
  const host = inEnvironment || interfaceHost(options);
  if (isOwnHost(host)) throw new NamingError(`${host} cannot be advertised: it means each caller's own host`);
  if (/^fe[89ab].:/i.test(host))
    throw new NamingError(`${host} cannot be advertised: a link-local address means nothing elsewhere`);
  const address = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
  const problem = hostProblem(host) ?? addressProblem(address);
  if (problem !== undefined)
    throw new NamingError(`${name} is '${printable(host)}', which is no host to advertise: ${problem}`);
  return address;
}

function interfaceHost({ interface: wanted, family }: AdvertiseOptions): string {
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => wanted === undefined || name === wanted)
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid); // a link-local address means nothing elsewhere
  const of = (version: 4 | 6) => found.find((one) => one.family === `IPv${version}`)?.address;
  const host = family ? of(family) : (of(4) ?? of(6));
  if (host !== undefined) return host;
  const where = wanted === undefined ? 'no network interface has' : `the interface ${wanted} has not`;
  throw new NamingError(`${where} an address that other hosts could reach; name it yourself`);
}

/** Ports come from variables, as texts. */
function shownPort(port: unknown): string {
  return typeof port === 'string' ? `${formatValue(port)} (string)` : formatValue(port);
}
