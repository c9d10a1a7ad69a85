import { type EndpointCodec, keyBytes, keyText } from '../../index.js';
import { parseTarget, type RecordFormat, recordFormat } from '../../internal.js';
import { usageError } from '../errors.js';
import type { SelectedCodec } from './codec.js';
import type { OptionTable, ParsedOptions } from './options.js';

/** A target on the command line. */
export interface Target {
  /** The argument as the user wrote it. */
  readonly input: string;
  readonly service: string;
  /** The prefix of the service's keys: the service and a slash, or what the codec returns. */
  readonly prefix: string;
  /** The authority, if the argument is a URI with one. */
  readonly authority: string | undefined;
  /** The codec of the service's records. Undefined: Go's format. */
  readonly codec: EndpointCodec | undefined;
  /** The options that select the codec, after a space, for the commands that a message suggests. */
  readonly codecArgs: string;
  readonly format: RecordFormat;
}

/**
 * Parses a service name, or the URI that dials it: `etcd:///foo/bar`.
 * @param selected the codec of `--codec`.
 * @throws {CliError} for an empty argument; {NamingError} for a target that `parseTarget` or the codec refuses.
 */
export function parseTargetArgument(input: string, selected?: SelectedCodec): Target {
  if (input === '') throw usageError('the target is empty');
  const { service, authority } = parseTarget(input);
  const { codec, args: codecArgs = '' } = selected ?? {};
  const format = recordFormat(service, codec);
  return { input, service, prefix: format.prefix, authority, codec, codecArgs, format };
}

/** The members that name a target in JSON. A chosen codec is one of them. */
export function targetToJson(target: Target): { target: string; codec?: string } {
  return { target: target.service, ...codecToJson(target) };
}

/** The member that names the chosen codec in JSON; none for the default. */
export function codecToJson({ codec }: Pick<Target, 'codec'>): { codec?: string } {
  return codec === undefined ? {} : { codec: codec.name };
}

/** For commands that take an id: an argument of a program cannot contain bytes that are not UTF-8. */
export const hexOption: OptionTable = {
  hex: { help: 'the id is in hexadecimal, for an id that is not UTF-8' },
};

/**
 * The key of a record, as text. With `--hex` the id is in hexadecimal.
 * @throws {CliError} for an empty id, although Go's manager accepts one, and for an id that is not hexadecimal.
 */
export function recordKey(target: Target, id: string, options?: ParsedOptions): string {
  if (id === '') throw usageError('the id is empty');
  if (!options?.flag('hex')) return target.prefix + id;
  if (!/^([0-9a-f]{2})+$/i.test(id))
    throw usageError(`the id is '${id}'; with --hex it must be two hexadecimal digits for each byte`);
  return target.prefix + keyText(Buffer.from(id, 'hex'));
}

/** A record's id and key for JSON. An id that is not UTF-8 is added in hexadecimal, as `--hex` takes it. */
export function recordIdToJson(id: string, key: string): { id: string; key: string; idHex?: string } {
  const isUtf8 = !/\p{Surrogate}/u.test(id);
  return isUtf8 ? { id, key } : { id, key, idHex: keyBytes(id).toString('hex') };
}
