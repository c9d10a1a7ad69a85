import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { channelTarget } from '#src/naming/grpc/index.js';
import { NamingError, parseTarget } from '#src/naming/index.js';
import { parseUri, serviceOf, type TargetUri, toTarget } from '#src/naming/target/index.js';
import type { Random } from '../../sim/random.js';
import { type Comparison, compareTarget } from './compare.js';
import type { GoReading } from './go-reading.js';
import { randomTarget } from './texts.js';

const { parseUri: parseGrpcUri } = createRequire(import.meta.url)(
  '@grpc/grpc-js/build/src/uri-parser.js',
) as {
  parseUri(text: string): TargetUri | null;
};

export const targets: Comparison<GoReading> = {
  name: 'targets',
  about: "services' names and URIs, against grpc-go's and grpc-js's parsers of targets",
  program: 'go-parsers',
  args: [],
  text: (random: Random) => randomTarget(random),
  check: (text, go) => {
    const service = orUndefined(() => parseTarget(text).service);
    const uri = parseUri(text);
    if (!uri) {
      assert.equal(service, isName(text) ? text : undefined, 'a name is used unchanged');
    } else {
      assert.equal(service, asDialled(uri, text), 'grpc-js passes on a different service');
      if (go) assertSameAsGo(uri, go);
    }
    if (service !== undefined) assertRoundTrip(service);
    return service === undefined ? 'refused' : uri ? 'URI' : 'name';
  },
};

export const targetsTarget = compareTarget(targets);

/** What a resolver makes of it. grpc-js matches a scheme only in its registered case, and no line breaks. */
function asDialled(uri: TargetUri, text: string): string | undefined {
  const isTheirs = text.startsWith('etcd:') && !/[\n\r\u2028\u2029]/.test(text);
  const dialled = isTheirs ? parseGrpcUri(text) : uri;
  if (dialled?.scheme !== 'etcd') return undefined; // 'etcd:' alone
  return orUndefined(() => serviceOf(dialled, false));
}

/** Without the authority, as Go does. */
function assertSameAsGo(uri: TargetUri, { service, isUTF8 }: GoReading): void {
  const ours = orUndefined(() => serviceOf(uri, true));
  if (service === '') assert.equal(ours, undefined, 'Go finds no service in it');
  else if (service !== undefined) assert.equal(ours, service, 'Go finds another service in it');
  else if (isUTF8) assert.fail('Go returned nothing');
}

/** The target made from a service's name denotes that service. */
function assertRoundTrip(service: string): void {
  assert.equal(parseTarget(toTarget(service)).service, service, `${toTarget(service)} is another service`);
  const { target } = channelTarget(toTarget(service));
  const uri = parseGrpcUri(target);
  assert.equal(uri && serviceOf(uri, false), service, `${target} is another service`);
  assert.equal(channelTarget(target).target, target, 'the target of a target differs from it');
}

function isName(text: string): boolean {
  return text !== '' && !/\p{Surrogate}/u.test(text);
}

function orUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof NamingError) return undefined;
    throw error;
  }
}
