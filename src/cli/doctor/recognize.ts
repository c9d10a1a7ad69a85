import { decodeEndpoint, type EndpointCodec } from '../../index.js';
import {
  type CodecName,
  codecArgs,
  type Framework,
  type FrameworkName,
  type Frameworks,
} from '../args/codec.js';
import { hasShapeOf } from '../data/record-shape.js';

/** A format that a record has. */
export interface RecognizedFormat {
  readonly codec: CodecName;
  /** The service to which the key belongs in this format; undefined if the format has no such keys. */
  readonly service: string | undefined;
  /** The options that select the codec, after a space. Undefined if they would need quotes in a shell. */
  readonly args: string | undefined;
}

/** A stored key and its value. */
export interface KeyAndValue {
  readonly key: string;
  readonly value: Buffer;
}

/**
 * Recognizes the format of a record: the one codec that reads an endpoint from it, or whose framework stores such records
 * under such keys. Undefined if there is none, or more than one: a wrong suggestion is worse than none.
 * @param except the codec that cannot read it. It is found only with other options.
 */
export function recognizeFormat(
  record: KeyAndValue,
  frameworks: Frameworks,
  except: string,
): RecognizedFormat | undefined {
  const names = Object.keys(frameworks) as FrameworkName[];
  const found = names
    .flatMap((name) => {
      const byEndpoint = recognizeFramework(record, name, frameworks[name]);
      return byEndpoint ?? (name === except ? [] : (recognizeShape(record, name, frameworks[name]) ?? []));
    })
    .filter(({ codec, service }) => codec !== except || service !== undefined);
  if (except !== 'endpoints' && hasGoAddress(record.value))
    found.push({ codec: 'endpoints', service: folderOf(record.key), args: '' });
  return found.length === 1 ? found[0] : undefined;
}

/** What to do about a record with this format. */
export function adviceFor({ codec, service, args }: RecognizedFormat): string {
  if (service === undefined) return `--codec ${codec} reads this format, but under other keys`;
  return doctorCommand(service, args) ?? `--codec ${codec} reads it`;
}

/** The text of a recognized format: its name, and the command that reads it if the key has the form of one. */
export function describeFormat(format: RecognizedFormat): string {
  const name = formatName(format.codec);
  if (format.service === undefined) return `${name}, stored under another kind of key`;
  const command = doctorCommand(format.service, format.args);
  return command === undefined ? name : `${name}: ${command}`;
}

/** The name of a format in messages. */
export function formatName(codec: string): string {
  return codec === 'endpoints' ? 'etcd’s Go client' : codec;
}

/** Undefined if a part of the command would need quotes in a shell. */
function doctorCommand(service: string, args: string | undefined): string | undefined {
  return isPlainWord(service) && args !== undefined ? `etcd-naming doctor ${service}${args}` : undefined;
}

function isPlainWord(text: string): boolean {
  return /^[\w/.:@%+][\w/.:@%+-]*$/.test(text);
}

/** Options with which a codec reads other records than without. */
const variants: Readonly<Partial<Record<FrameworkName, readonly object[]>>> = {
  kratos: [{}, { secure: true }],
};

function recognizeFramework(
  record: KeyAndValue,
  name: FrameworkName,
  framework: Framework,
): RecognizedFormat | undefined {
  for (const options of variants[name] ?? [{}]) {
    const found = recognizeVariant(record, name, framework, options);
    if (found) return found;
  }
  return undefined;
}

function recognizeVariant(
  record: KeyAndValue,
  name: FrameworkName,
  { create, rootOption }: Framework,
  options: object,
): RecognizedFormat | undefined {
  const json = Object.keys(options).length === 0 ? undefined : JSON.stringify(options);
  const usual = create(options);
  const service = usual.serviceOf ? usual.serviceOf(record.key) : folderOf(record.key);
  if (service && reads(usual, record, service))
    return { codec: name, service, args: codecArgs(name, undefined, json) };
  for (const candidate of servicesOf(record)) {
    const prefix = rootOption === undefined ? undefined : rootBefore(record.key, candidate);
    if (prefix === undefined) continue;
    const moved = tryCreate(create, { ...options, [rootOption ?? '']: prefix });
    if (!moved || !reads(moved, record, candidate)) continue;
    const args = prefix === '' || isPlainWord(prefix) ? codecArgs(name, prefix, json) : undefined;
    return { codec: name, service: candidate, args };
  }
  const hasFormat = servicesOf(record).some((candidate) => decodes(usual, record, candidate));
  return hasFormat ? { codec: name, service: undefined, args: '' } : undefined;
}

/** Recognizes a record without an endpoint, such as one of kratos with HTTP alone, where the framework stores it. */
function recognizeShape(
  { key, value }: KeyAndValue,
  name: FrameworkName,
  { create }: Framework,
): RecognizedFormat | undefined {
  const service = create().serviceOf?.(key);
  const isRecord = service !== undefined && hasShapeOf(name, value);
  return isRecord ? { codec: name, service, args: codecArgs(name) } : undefined;
}

/** The services to which a record may belong: the one that its value names, and the last part of its folder. */
function servicesOf({ key, value }: KeyAndValue): string[] {
  const last = folderOf(key)?.split('/').at(-1);
  return [...new Set([nameIn(value), last])].filter((name) => name !== undefined && name !== '') as string[];
}

function nameIn(value: Buffer): string | undefined {
  try {
    const { name } = JSON.parse(value.toString()) as { readonly name?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

/** What precedes `/<service>/<id>` in a key: '' for a key that begins with it. */
function rootBefore(key: string, service: string): string | undefined {
  const folder = folderOf(key);
  return folder?.endsWith(`/${service}`) ? folder.slice(0, -service.length - 1) : undefined;
}

/** The key up to its last slash; undefined if that is empty. */
function folderOf(key: string): string | undefined {
  return key.slice(0, Math.max(0, key.lastIndexOf('/'))) || undefined;
}

function tryCreate(create: Framework['create'], options: object): EndpointCodec | undefined {
  try {
    return create(options);
  } catch {
    return undefined;
  }
}

/** Whether the codec reads an endpoint of the service from the record, under this key. */
function reads(codec: EndpointCodec, record: KeyAndValue, service: string): boolean {
  try {
    return record.key.startsWith(codec.keyPrefix(service)) && decodes(codec, record, service);
  } catch {
    return false; // a name that the codec does not accept
  }
}

function decodes(codec: EndpointCodec, { key, value }: KeyAndValue, service: string): boolean {
  const id = key.slice(key.lastIndexOf('/') + 1);
  try {
    return codec.decode({ service, key, id, value }) !== undefined;
  } catch {
    return false;
  }
}

/** Go's format accepts every object: only one with an address is recognized. */
function hasGoAddress(value: Buffer): boolean {
  try {
    return decodeEndpoint(value).addr !== '';
  } catch {
    return false;
  }
}
