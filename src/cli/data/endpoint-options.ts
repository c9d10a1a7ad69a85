import type { Endpoint, JsonValue } from '../../index.js';
import { addressId, parseAddress } from '../../internal.js';
import type { OptionTable, ParsedOptions } from '../args/options.js';
import type { Target } from '../args/target.js';
import { usageError } from '../errors.js';
import { maxWeight } from './endpoint-weight.js';
import { isJsonObject, rejectUnsafeIntegers } from './records.js';

/** etcd's own limit, in seconds. */
export const maxTtlSeconds = 9_000_000_000;

/**
 * The options from which `add` and `register` make an endpoint.
 * @param what Whose endpoint it is, for the help.
 */
export function endpointOptions(what: string): OptionTable {
  return {
    id: { value: 'ID', help: 'last part of the key (default: the address, with a slash as %2F)' },
    weight: { value: 'N', help: 'share of the calls, stored in the metadata' },
    zone: { value: 'ZONE', help: `zone of the ${what}, stored in the metadata` },
    metadata: { value: 'JSON', help: 'metadata; weight and zone are added to it' },
  };
}

/** The id of a record that is added without `--id`: that of a registration outside of workers. */
export function defaultId({ codec }: Target, addr: string): string {
  return codec?.defaultId?.(addr) ?? addressId(addr);
}

/** The endpoint that `add` and `register` store. @throws {CliError} for wrong usage. */
export function endpointFrom(addr: string, options: ParsedOptions): Endpoint {
  const parsed = parseAddress(addr);
  if ('problem' in parsed) throw usageError(`the address '${addr}' cannot be dialled: ${parsed.problem}`);
  const [weight, zone] = [options.number('weight', 0, maxWeight), options.text('zone')];
  const metadata = metadataFrom(options.text('metadata'));
  if (weight === undefined && zone === undefined)
    return metadata === undefined ? { addr } : { addr, metadata };
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata))
    throw usageError('--weight and --zone require metadata that is an object; --metadata is not one');
  const traits = { ...(weight === undefined ? {} : { weight }), ...(zone === undefined ? {} : { zone }) };
  return { addr, metadata: { ...(metadata ?? {}), ...traits } };
}

function metadataFrom(text: string | undefined): JsonValue | undefined {
  if (text === undefined) return undefined;
  const metadata = parseJson(text);
  rejectUnsafeIntegers(text);
  return metadata;
}

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw usageError(`--metadata is not JSON: ${(error as Error).message}`);
  }
}
