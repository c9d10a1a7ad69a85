import { isIPv6 } from 'node:net';
import { printable } from '../keys/key-text.js';

/** The parts of an address. */
export interface HostPort {
  /** An IPv6 address has no brackets. */
  readonly host: string;
  /** From 1 to 65535; undefined when the text has no port. */
  readonly port: number | undefined;
}

/** Why a text cannot be split, as part of an error text. */
export interface SplitProblem {
  readonly problem: string;
}

/**
 * Splits `host:port` and `[ipv6]:port` as Go's `net.SplitHostPort` does. Like gRPC's DNS resolvers, it also accepts
 * both without a port, and an IPv6 address without brackets. The port is a number from 1 to 65535; Go also accepts
 * names such as `http`. The host is not checked.
 *
 * Specification: https://github.com/golang/go/blob/go1.26.8/src/net/ipsock.go#L165
 */
export function splitHostPort(text: string): HostPort | SplitProblem {
  if (text.startsWith('[')) return splitBracketed(text);
  const colon = text.indexOf(':');
  if (colon < 0) return { host: text, port: undefined };
  if (colon !== text.lastIndexOf(':')) return splitUnbracketed(text);
  return withPort(text.slice(0, colon), text.slice(colon + 1));
}

function splitBracketed(text: string): HostPort | SplitProblem {
  const end = text.indexOf(']');
  if (end < 0) return { problem: "its ']' is missing" };
  const host = text.slice(1, end);
  if (!host.includes(':')) return { problem: 'only an IPv6 address has brackets' };
  const rest = text.slice(end + 1);
  if (rest === '') return { host, port: undefined };
  if (!rest.startsWith(':')) return { problem: "behind its ']' no ':port' follows" };
  return withPort(host, rest.slice(1));
}

/** A text with several colons is an IPv6 address or a mistake: an IPv6 address with a port, or several addresses. */
function splitUnbracketed(text: string): HostPort | SplitProblem {
  if (isIPv6(text)) return { host: text, port: undefined };
  const last = text.lastIndexOf(':');
  const [host, port] = [text.slice(0, last), text.slice(last + 1)];
  if (isIPv6(host) && /^\d+$/.test(port))
    return { problem: `an IPv6 address with a port has brackets: write '[${host}]:${port}'` };
  if (/[,;\s]/.test(text)) return { problem: 'it is more than one address: write each on its own' };
  return { problem: 'it has more than one colon, and is not an IPv6 address' };
}

function withPort(host: string, digits: string): HostPort | SplitProblem {
  if (digits === '') return { problem: 'it has no port after its colon' };
  if (!/^\d+$/.test(digits)) return { problem: `port '${printable(digits)}' is not a number` };
  const port = Number(digits);
  if (port === 0) return { problem: 'port 0 cannot be dialled' };
  return port > 65_535 ? { problem: `port ${digits} is over 65535` } : { host, port };
}
