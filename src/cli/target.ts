import { keyBytes, keyText } from '../index.js';
import { parseTarget } from '../internal.js';
import { wrongUsage } from './failure.js';
import type { Options, OptionTable } from './options.js';

/** What a word of the command line names. */
export interface Target {
  /** As it was written. */
  readonly written: string;
  readonly service: string;
  /** Where its records are: the service and a slash. */
  readonly prefix: string;
  /** The authority of a URI, where there is one. */
  readonly authority: string | undefined;
}

/** A service by its name, or as it is dialled: `etcd:///foo/bar`. @throws {Failure} for a name that is none. */
export function readTarget(written: string): Target {
  if (written === '') throw wrongUsage('the target is empty');
  const { service, authority } = parseTarget(written);
  return { written, service, prefix: `${service}/`, authority };
}

/** For a verb that takes an id: no argument of a program can hold bytes that are not UTF-8. */
export const hexOption: OptionTable = {
  hex: { help: 'the id is written in hexadecimal, as for one that is not UTF-8' },
};

/**
 * The key of one record, as text; with `--hex` of an id in hexadecimal.
 * @throws {Failure} for an empty id, which Go's manager would take, and one that is not hexadecimal.
 */
export function keyOf(target: Target, id: string, options?: Options): string {
  if (id === '') throw wrongUsage('the id is empty');
  if (!options?.flag('hex')) return target.prefix + id;
  if (!/^([0-9a-f]{2})+$/i.test(id))
    throw wrongUsage(`the id is '${id}'; with --hex it must be two hexadecimal digits for each byte`);
  return target.prefix + keyText(Buffer.from(id, 'hex'));
}

/** A record's id and key in JSON; with the id in hexadecimal where it is not UTF-8, as `--hex` takes it. */
export function idJson(id: string, key: string): { id: string; key: string; idHex?: string } {
  const isUtf8 = !/\p{Surrogate}/u.test(id);
  return isUtf8 ? { id, key } : { id, key, idHex: keyBytes(id).toString('hex') };
}
