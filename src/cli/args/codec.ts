import type { EndpointCodec } from '../../index.js';
import { didYouMean, type NamesElsewhere } from '../../model/options/closest-name.js';
import { messageWithoutCode, usageError } from '../errors.js';
import { choice, type OptionTable, type ParsedOptions } from './options.js';

/** The values of `--codec`: the names of the codecs. `endpoints` is the format of etcd's Go client, the default. */
export const codecNames = ['endpoints', 'go-zero', 'kratos', 'go-micro', 'kitex', 'coredns'] as const;

export type CodecName = (typeof codecNames)[number];

/** The codecs of other frameworks. */
export type FrameworkName = Exclude<CodecName, 'endpoints'>;

/** How the command creates a codec. */
export interface Framework {
  create(options?: object): EndpointCodec;
  /** The option that says where the framework stores all its services. Undefined: it has none. */
  readonly rootOption: string | undefined;
}

export type Frameworks = Readonly<Record<FrameworkName, Framework>>;

/** A codec that the user has selected. */
export interface SelectedCodec {
  readonly codec: EndpointCodec;
  /** The options that select it, after a space, for the commands that a message suggests: ` --codec kratos`. */
  readonly args: string;
}

/** The options of every command that takes a target. */
export const codecOptions: OptionTable = {
  codec: {
    ...choice(codecNames),
    help: 'format of the records (default endpoints, that of etcd’s Go client)',
  },
  'codec-prefix': {
    value: 'PREFIX',
    help: 'with --codec: where the framework stores all services, such as the namespace of kratos',
  },
  'codec-options': {
    value: 'JSON',
    help: `with --codec: other options of the codec, such as '{"secure":true}' for kratos with TLS`,
  },
};

/** Names that users of the frameworks may write. They are suggested, not accepted. */
const namesElsewhere: NamesElsewhere = {
  ...{ go: 'endpoints', etcd: 'endpoints', grpc: 'endpoints', default: 'endpoints' },
  ...{ zero: 'go-zero', zrpc: 'go-zero', micro: 'go-micro', dns: 'coredns', skydns: 'coredns' },
};

/**
 * Creates the codec that the options select; undefined for the default format. The codecs are loaded only for the others.
 * @throws {CliError} for an unknown name, and for options that the codec does not have.
 */
export async function codecFrom(options: ParsedOptions): Promise<SelectedCodec | undefined> {
  const name = codecNameFrom(options);
  const [prefix, json] = [options.text('codec-prefix'), options.text('codec-options')];
  if (name !== undefined && name !== 'endpoints') {
    const { create, rootOption } = (await loadFrameworks())[name];
    const given = { ...parseOptions(json), ...rootFrom(name, rootOption, prefix) };
    return { codec: createFrom(name, create, given), args: codecArgs(name, prefix, json) };
  }
  for (const option of ['codec-prefix', 'codec-options'])
    if (options.text(option) !== undefined)
      throw usageError(`--${option} requires --codec with the name of a framework`);
  return undefined;
}

/** The options that select a codec, after a space. */
export function codecArgs(name: FrameworkName, prefix?: string, json?: string): string {
  const root = prefix === undefined ? '' : ` --codec-prefix ${prefix === '' ? "''" : prefix}`;
  const quoted = json === undefined ? '' : ` --codec-options '${json}'`;
  return ` --codec ${name}${root}${quoted}`;
}

/** Loads the codecs of the frameworks. */
export async function loadFrameworks(): Promise<Frameworks> {
  const { coreDns, goMicro, goZero, kitex, kratos } = await import('../../codecs/index.js');
  return {
    'go-zero': { create: withoutOptions(goZero), rootOption: undefined },
    kratos: { create: kratos, rootOption: 'namespace' },
    'go-micro': { create: goMicro, rootOption: 'prefix' },
    kitex: { create: kitex, rootOption: 'prefix' },
    coredns: { create: coreDns, rootOption: 'path' },
  };
}

function codecNameFrom(options: ParsedOptions): CodecName | undefined {
  const text = options.text('codec');
  const name = codecNames.find((known) => known === text);
  if (text === undefined || name !== undefined) return name;
  const question = didYouMean(text, codecNames, namesElsewhere);
  const all = `it must be one of ${codecNames.join(', ')}`;
  throw usageError(`--codec is '${text}'; ${question === undefined ? all : `${question} (${all})`}`);
}

function parseOptions(json: string | undefined): object {
  if (json === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw usageError(`--codec-options is not JSON: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw usageError('--codec-options is not a JSON object');
}

function rootFrom(name: FrameworkName, rootOption: string | undefined, prefix: string | undefined): object {
  if (prefix === undefined) return {};
  if (rootOption !== undefined) return { [rootOption]: prefix };
  throw usageError(`--codec-prefix is not for --codec ${name}: its keys begin with the target`);
}

function createFrom(name: FrameworkName, create: Framework['create'], options: object): EndpointCodec {
  try {
    return create(options);
  } catch (error) {
    throw usageError(`--codec ${name}: ${messageWithoutCode(error)}`);
  }
}

/** A codec without options refuses each of them, as the others refuse those that they do not know. */
function withoutOptions(create: () => EndpointCodec): Framework['create'] {
  return (options = {}) => {
    const [option] = Object.keys(options);
    if (option !== undefined) throw new Error(`unknown option '${option}': the codec has none`);
    return create();
  };
}
