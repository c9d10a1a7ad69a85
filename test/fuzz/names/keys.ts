import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { type Bytes, toWireRange } from '#src/model/index.js';
import { toTxnOps } from '#src/naming/endpoint-ops.js';
import { EndpointManager, type NamingClient, NamingError } from '#src/naming/index.js';
import { parseUri, serviceOf, type TargetUri } from '#src/naming/target/index.js';
import type { Random } from '../../sim/random.js';
import { defaultFormat } from '../../support/naming/format.js';
import { type Comparison, compareTarget } from './compare.js';
import { randomTargetAndKey } from './texts.js';

/** A range of keys, in base64. */
interface GoKeys {
  readonly from: string;
  readonly to: string;
}

/** Keys are in base64. Absent members: Go rejects the target or the key, or does not take the target for a URI. */
export interface GoKeyReading {
  readonly listed?: GoKeys;
  readonly put?: string;
  readonly resolved?: GoKeys;
  readonly isRefused?: boolean;
}

export const keys: Comparison<GoKeyReading> = {
  name: 'keys',
  about: "services' and endpoints' keys, against Go's endpoints.Manager and resolver",
  program: 'go-keys',
  args: [],
  text: (random: Random) => randomTargetAndKey(random),
  check: (text, go) => {
    const at = text.indexOf('|');
    const [target, key] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    const uri = parseUri(target);
    return uri ? checkUri(uri, go) : checkName(target, key, go);
  },
};

export const keysTarget = compareTarget(keys);

/** Go takes also a URI as a name; here it names the service that it denotes in a channel. */
function checkName(target: string, key: string, go: GoKeyReading | undefined): string {
  const service = orUndefined(() => new EndpointManager(noClient, target).target);
  const put = service === undefined ? undefined : orUndefined(() => keyToPut(service, key));
  if (go) {
    assert.deepEqual(service === undefined ? undefined : keysOf(service), go.listed, 'Go lists other keys');
    assert.equal(put, go.put, 'Go puts another key');
  }
  if (put !== undefined && service !== undefined)
    assert.equal(keyToPut(service, Buffer.from(key)), put, 'as bytes it is another key');
  return service === undefined ? 'target refused' : put === undefined ? 'key refused' : 'key accepted';
}

/** Without the authority, as in Go. */
function checkUri(uri: TargetUri, go: GoKeyReading | undefined): string {
  const service = orUndefined(() => serviceOf(uri, true));
  if (service === undefined) {
    const resolved = Buffer.from(go?.resolved?.from ?? '', 'base64');
    // A name is text here, and bytes in Go.
    if (go?.resolved) assert.ok(!isUtf8(resolved), 'Go resolves it');
    return go?.resolved ? 'known difference: a URI of a name that is not UTF-8' : 'URI refused';
  }
  // Nothing of it is an error to grpc-js.
  if (go && !go.resolved && !go.isRefused) return 'known difference: a URI that Go cannot parse';
  if (go) assert.deepEqual(keysOf(service), go.resolved, 'Go resolves it to other keys');
  return 'URI resolved';
}

function keysOf(service: string): GoKeys {
  const { key, rangeEnd } = toWireRange({ prefix: defaultFormat(service).prefix });
  return { from: key.toString('base64'), to: rangeEnd.toString('base64') };
}

function keyToPut(service: string, key: Bytes): string {
  const [put] = toTxnOps(defaultFormat(service), [{ op: 'add', key, endpoint: { addr: 'a:1' } }]);
  assert.ok(put?.type === 'put');
  return Buffer.from(put.key).toString('base64');
}

/** Enough for a manager that sends no request. */
const noClient = { kv: {}, mirror: () => {} } as unknown as NamingClient;

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof NamingError) return undefined;
    throw error;
  }
}
