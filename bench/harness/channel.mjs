// Channels to the echo server, whose list of endpoints is set by hand.
import { bytesMethod } from '../../scripts/bytes-method.mjs';
import grpc from './own-grpc.mjs';

export const echoMethod = bytesMethod('/bench.Echo/Ask');
const { path, requestSerialize, responseDeserialize } = echoMethod;

/** One of the server's 65,536 × 255 addresses; on Linux, all of them are loopback. */
export function endpoint(i, port) {
  return { addresses: [{ host: `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`, port }] };
}

/** A channel with these policies, whose list of endpoints is set with `report`. */
export function channelWith(loadBalancingConfig) {
  const scheme = `bench${Math.random().toString(36).slice(2)}`;
  let listener;
  class Scripted {
    constructor(_target, given) {
      listener = given;
    }
    updateResolution() {}
    destroy() {}
    static getDefaultAuthority() {
      return 'bench';
    }
  }
  grpc.experimental.registerResolver(scheme, Scripted);
  const client = new grpc.Client(`${scheme}:bench`, grpc.credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  const config = { loadBalancingConfig, methodConfig: [] };
  const { statusOrFromValue } = grpc.experimental;
  return { client, report: (list) => listener(statusOrFromValue(list), {}, statusOrFromValue(config), '') };
}

/** A call to the server. */
export function echo(client) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.alloc(0), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
