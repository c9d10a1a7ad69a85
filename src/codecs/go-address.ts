import { parseAddress } from '../naming/address/index.js';
import { EndpointDecodeError, NamingError } from '../naming/errors.js';

/**
 * Returns why grpc-go does not dial an address; undefined if it does. The frameworks pass the stored address to Go's
 * `net.Dial`, which needs a port and does not know URLs; `unix:/path` is the only form with a scheme.
 */
function goAddressProblem(addr: string): string | undefined {
  const parsed = parseAddress(addr);
  if ('problem' in parsed) return parsed.problem;
  if ('socket' in parsed) return undefined;
  if (/^https?:\/\//i.test(addr)) return 'it is a URL: write host:port';
  return parsed.hasPort ? undefined : 'it has no port';
}

/**
 * Checks an address that was read.
 * @param what The part of the record that is the address, for the error.
 * @throws {EndpointDecodeError} for one that Go does not dial.
 */
export function checkStoredAddress(addr: string, what: string): string {
  const problem = addr === '' ? 'it is empty' : goAddressProblem(addr);
  if (problem !== undefined) throw new EndpointDecodeError(`${what} is not an address: ${problem}`);
  return addr;
}

/**
 * Checks an address that is to be written.
 * @throws {NamingError} for one that Go does not dial.
 */
export function checkWrittenAddress(addr: unknown): string {
  if (typeof addr !== 'string' || addr === '') throw new NamingError('the endpoint has no addr');
  const problem = goAddressProblem(addr);
  if (problem !== undefined)
    throw new NamingError(`callers in Go do not dial the endpoint's addr: ${problem}`);
  return addr;
}
