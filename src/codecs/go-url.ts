import { lazyPattern } from '../errors/index.js';
import { hostProblem } from '../model/index.js';
import { EndpointDecodeError } from '../naming/errors.js';

/** The parts of a URL that choose an endpoint. */
export interface GoUrl {
  /** In lower case; empty for a text without a scheme. */
  readonly scheme: string;
  /** Host and port, with an IPv6 address in brackets; empty for a URL without `//`. */
  readonly host: string;
  /** The first value of each name in the query. */
  readonly query: ReadonlyMap<string, string>;
}

/**
 * Parses a URL as Go's `net/url` does: `URL` of JavaScript rejects or changes hosts that Go accepts, and has no host for
 * schemes such as `grpc`. Stricter than Go about hosts that nothing connects to: with percent-encoded letters, or an IPv6
 * zone with other characters than letters, digits, and `_.-`.
 *
 * Specification: https://github.com/golang/go/blob/go1.26.8/src/net/url/url.go#L432
 *
 * @throws {EndpointDecodeError} for a text that Go rejects.
 */
export function parseGoUrl(text: string): GoUrl {
  const [beforeFragment, fragment] = splitAt(text, '#');
  if (invalidPercent.test(fragment)) throw invalid(text, 'has an invalid escape');
  if (controlCharacter().test(beforeFragment)) throw invalid(text, 'has a control character');
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(beforeFragment)?.[1];
  if (scheme === undefined && beforeFragment.startsWith(':')) throw invalid(text, 'has no scheme');
  const rest = scheme === undefined ? beforeFragment : beforeFragment.slice(scheme.length + 1);
  const [hierarchy = '', query = ''] = splitAt(rest, '?');
  checkPath(text, scheme, hierarchy);
  const authority = /^\/\/([^/]*)/.exec(hierarchy)?.[1];
  return {
    scheme: scheme?.toLowerCase() ?? '',
    host: authority === undefined ? '' : hostOf(text, authority),
    query: firstValues(query),
  };
}

/** Returns the host, escaped as in a URL: only the `%` of an IPv6 zone needs it. */
export function escapeHost(host: string): string {
  return host.replaceAll('%', '%25');
}

const controlCharacter = lazyPattern('[\\0-\\x1f\\x7f]', '');
const invalidPercent = /%(?![0-9a-f]{2})/i;

/** A text with a scheme and without a slash after it is opaque, which means that it is not parsed further. */
function checkPath(text: string, scheme: string | undefined, hierarchy: string): void {
  if (!hierarchy.startsWith('/')) {
    if (scheme !== undefined) return;
    if (/^[^/]*:/.test(hierarchy)) throw invalid(text, 'has no scheme');
  }
  if (invalidPercent.test(hierarchy.replace(/^\/\/[^/]*/, ''))) throw invalid(text, 'has an invalid escape');
}

function hostOf(text: string, authority: string): string {
  const at = authority.lastIndexOf('@');
  const user = authority.slice(0, Math.max(at, 0));
  if (invalidPercent.test(user) || /[^\w.~!$&'()*+,;=:@%-]/.test(user))
    throw invalid(text, 'has an invalid user name');
  const [, ipv6, name, port = ''] = /^(?:\[(.*)\]|([^[]*?))(:[^:]*)?$/.exec(authority.slice(at + 1)) ?? [];
  if (!/^(:\d*)?$/.test(port)) throw invalid(text, 'has an invalid port');
  if (ipv6 !== undefined) return `[${checkedIpv6(text, ipv6)}]${port}`;
  if (name === undefined || /[ /?@\\^`{|}]|%(?!25)/.test(name)) throw invalid(text, 'has an invalid host');
  return `${name.replaceAll('%25', '%')}${port}`;
}

function checkedIpv6(text: string, escaped: string): string {
  const address = escaped.replace('%25', '%');
  if (/%(?!25)/.test(escaped) || !address.includes(':') || hostProblem(address) !== undefined)
    throw invalid(text, 'has an invalid IPv6 address');
  return address;
}

function firstValues(query: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) if (!values.has(name)) values.set(name, value);
  return values;
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(text: string, problem: string): EndpointDecodeError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new EndpointDecodeError(`the URL ${JSON.stringify(shown)} ${problem}`);
}
