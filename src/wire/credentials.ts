import type { Socket } from 'node:net';
import { ChannelCredentials } from '@grpc/grpc-js';
import { InvalidInputError } from '../errors/index.js';

/** TLS to etcd, all PEM. */
export interface TlsOptions {
  /** The certificate authorities to trust. Default: those that come with Node. */
  readonly ca?: Buffer | string;
  /** The client's certificate chain, for etcd's `--client-cert-auth`; needs `key`. */
  readonly cert?: Buffer | string;
  /** The client's private key; needs `cert`. */
  readonly key?: Buffer | string;
  /** The name to ask for and to verify instead of the endpoint's host. */
  readonly serverName?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly dangerouslySkipVerification?: boolean;
}

/** The channel credentials for the options; there is no silent fall to plaintext. */
export function makeCredentials(tls: TlsOptions | undefined, silenceMs: number): ChannelCredentials {
  if (!tls) return new WatchfulCredentials(ChannelCredentials.createInsecure(), silenceMs);
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new InvalidInputError('tls.cert and tls.key go together: one of them is missing');
  }
  const secure = ChannelCredentials.createSsl(asBuffer(tls.ca), asBuffer(tls.key), asBuffer(tls.cert));
  return new WatchfulCredentials(secure, silenceMs);
}

function asBuffer(pem: Buffer | string | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}

type ConnectorFactory = ChannelCredentials['_createSecureConnector'];
type SecureConnector = ReturnType<ConnectorFactory>;

/**
 * Credentials that hang up on a peer which accepts the connection and then says nothing. grpc-js bounds no
 * connection attempt (grpc-node#2785): without this the channel stays CONNECTING for ever, as it does before a
 * stopped process, a full accept queue or a NAT that lost its state.
 */
class WatchfulCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;
  readonly #silenceMs: number;

  constructor(inner: ChannelCredentials, silenceMs: number) {
    super();
    this.#inner = inner;
    this.#silenceMs = silenceMs;
  }

  override _isSecure(): boolean {
    return this.#inner._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...args: Parameters<ConnectorFactory>): SecureConnector {
    const inner = this.#inner._createSecureConnector(...args);
    return {
      connect: async (socket) => {
        letGo(socket);
        hangUpOnSilence(socket, this.#silenceMs);
        const result = await inner.connect(socket);
        if (result.socket !== socket) {
          letGo(result.socket);
          hangUpOnSilence(result.socket, this.#silenceMs);
        }
        return result;
      },
      waitForReady: () => inner.waitForReady(),
      getCallCredentials: () => inner.getCallCredentials(),
      destroy: () => inner.destroy(),
    };
  }
}

/** grpc-js takes hold of the process through the socket while a call is open; here it is for the call's owner to say. */
function letGo(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}

/** Asked once: HTTP/2's settings or TLS's hello come first from a live peer, so any byte at all is proof of life. */
function hangUpOnSilence(socket: Socket, silenceMs: number): void {
  const timer = setTimeout(() => {
    if (socket.bytesRead === 0)
      socket.destroy(new Error(`accepted the connection but said nothing for ${silenceMs} ms`));
  }, silenceMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
