import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { ChannelCredentials, credentials as grpcCredentials } from '@grpc/grpc-js';
import { destroyIfSilent, destroyUnless, timedOut } from '../../async/index.js';
import { InvalidInputError } from '../../errors/index.js';
import { isServerName, withoutRootDot } from '../../model/index.js';
import type { MemberAddress } from '../member/endpoints.js';
import { TlsDiagnosis } from './diagnosis.js';
import { sanitizeError, tlsFailureOf } from './failure.js';
import { PemError, TlsFiles } from './files.js';
import type { TlsOptions } from './options.js';
import { unrefSocket } from './unref-socket.js';

/** The TLS settings for one member. */
interface TlsSettings {
  readonly files: TlsFiles;
  readonly serverName: string;
  readonly hasCertificate: boolean;
  readonly verify: boolean;
}

/**
 * Returns a function that makes the credentials of each member's channel. There is no fallback to plaintext: without
 * `tls` every connection is plaintext, with `tls` none is.
 * @throws {InvalidInputError} for invalid TLS options.
 */
export function makeCredentials(
  tls: TlsOptions | undefined,
  silenceTimeoutMs: number,
): (member: MemberAddress) => MemberCredentials {
  // `false` and '' from plain JavaScript are refused below: as "no TLS" they would silently select plaintext.
  if (tls === undefined || tls === null)
    return (member) => new MemberCredentials(member, undefined, silenceTimeoutMs);
  const files = new TlsFiles(tls);
  const verify = tls.dangerouslySkipVerification !== true;
  if (!verify) warnOfSkipping();
  const hasCertificate = (tls.cert ?? tls.certFile) !== undefined;
  return (member) => {
    const serverName = withoutRootDot(tls.serverName ?? member.host);
    if (!isServerName(serverName)) {
      throw new InvalidInputError(`endpoint '${member.endpoint}' has no host to verify: set tls.serverName`);
    }
    return new MemberCredentials(member, { files, serverName, hasCertificate, verify }, silenceTimeoutMs);
  };
}

function warnOfSkipping(): void {
  process.emitWarning(
    'An etcd client accepts any server certificate: tls.dangerouslySkipVerification is set.',
    {
      type: 'SecurityWarning',
      code: 'ETCD_TLS_UNVERIFIED',
    },
  );
}

/**
 * Checks the alternative names alone, as RFC 9525 demands and Go does.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc9525#section-2
 *
 * Workaround (Node 20 to 24; https://github.com/nodejs/node/blob/v20.19.0/lib/tls.js, `checkServerIdentity`): Node
 * falls back to the common name if no DNS name is among the alternative names, so this passes a certificate without a
 * common name. Remove when Node does not fall back.
 */
function checkAlternativeNames(serverName: string, certificate: PeerCertificate): Error | undefined {
  const { subjectaltname } = certificate;
  return checkServerIdentity(serverName, { subjectaltname, subject: {} } as PeerCertificate);
}

/** Counts the connections of all members of all clients. */
let lastConnectionId = 0;

type ConnectorFactory = ChannelCredentials['_createSecureConnector'];
type SecureConnector = ReturnType<ConnectorFactory>;
type Connected = Awaited<ReturnType<SecureConnector['connect']>>;

/**
 * A peer that expects TLS sends at most an alert of 7 bytes; an HTTP/2 peer sends at least 9 bytes.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc8446#section-5.1
 * Specification: https://www.rfc-editor.org/rfc/rfc9113#section-4.1
 */
const alertBytes = 7;

/**
 * grpc-js's credentials for one member. They record why the last connection failed, because grpc-js reports only a text.
 *
 * Workaround (grpc-js 1.14.0 to 1.14.7; https://github.com/grpc/grpc-node/issues/2785): they also close a connection on
 * which the peer stays silent. grpc-js does not limit a connection attempt: a stopped process, a full accept queue or a
 * NAT that lost its state would leave the channel CONNECTING forever. Remove when grpc-js limits an attempt.
 */
export class MemberCredentials extends ChannelCredentials {
  readonly diagnosis: TlsDiagnosis;
  readonly #security: TlsSettings | undefined;
  readonly #silenceTimeoutMs: number;
  #closed = false;
  #connectionId = 0;

  constructor(member: MemberAddress, security: TlsSettings | undefined, silenceTimeoutMs: number) {
    super();
    this.diagnosis = new TlsDiagnosis(member, security !== undefined);
    this.#security = security;
    this.#silenceTimeoutMs = silenceTimeoutMs;
  }

  /** See {@link Member.connectionId}. */
  get connectionId(): number {
    return this.#connectionId;
  }

  /**
   * Prevents further connections.
   *
   * Workaround (grpc-js 1.14.7; no public issue found, `startBackoff` of subchannel.ts): a pending backoff may start
   * one more attempt after the channel is closed. Remove when a closed channel starts none.
   */
  close(): void {
    this.#closed = true;
    this.diagnosis.close();
  }

  override _isSecure(): boolean {
    return this.#security !== undefined;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...[, , call]: Parameters<ConnectorFactory>): SecureConnector {
    const security = this.#security;
    let context: SecureContext | undefined;
    let destroyed = false;
    const throwIfDestroyed = () => {
      if (destroyed || this.#closed) throw new Error('the connection is no longer needed');
    };
    return {
      // Reads the files before the connection is made, so that a bad file is reported even while the member is down.
      waitForReady: async () => {
        throwIfDestroyed();
        if (security) context = await this.#contextOf(security);
      },
      connect: async (socket) => {
        throwIfDestroyed();
        unrefSocket(socket);
        this.#countConnection(socket);
        if (!security) return this.#plain(socket);
        if (!context) throw new Error('connect() before waitForReady()');
        return this.#handshake(socket, security, context);
      },
      getCallCredentials: () => call ?? grpcCredentials.createEmpty(),
      destroy: () => {
        destroyed = true;
      },
    };
  }

  /** Changes the id now and when the connection closes: grpc-js may then switch to a connection that was made earlier. */
  #countConnection(socket: Socket): void {
    this.#connectionId = ++lastConnectionId;
    socket.once('close', () => {
      this.#connectionId = ++lastConnectionId;
    });
  }

  async #contextOf({ files }: TlsSettings): Promise<SecureContext> {
    try {
      return await files.context();
    } catch (error) {
      if (error instanceof PemError)
        this.diagnosis.record({ reason: 'bad-files', text: error.message }, error.cause);
      throw error;
    }
  }

  #plain(socket: Socket): Connected {
    destroyIfSilent(socket, this.#silenceTimeoutMs);
    socket.once('close', () => {
      if (socket.bytesRead > alertBytes) this.diagnosis.onBytes();
      else if (!timedOut(socket)) this.diagnosis.onSilentClose();
    });
    return { socket, secure: false };
  }

  #handshake(socket: Socket, security: TlsSettings, secureContext: SecureContext): Promise<Connected> {
    const { serverName, verify } = security;
    return new Promise((resolve, reject) => {
      const secure = connectTls({
        socket,
        secureContext,
        host: serverName,
        // An IP address is not allowed as a server name (RFC 6066, section 3); `host` is verified then.
        // Specification: https://www.rfc-editor.org/rfc/rfc6066#section-3
        servername: isIP(serverName) ? '' : serverName,
        checkServerIdentity: (_, certificate) => checkAlternativeNames(serverName, certificate),
        ALPNProtocols: ['h2'],
        rejectUnauthorized: verify,
      });
      unrefSocket(secure);
      const problem = 'did not finish the TLS handshake within';
      const stopWaiting = destroyUnless(() => false, secure, problem, this.#silenceTimeoutMs);
      secure.once('secureConnect', () => {
        stopWaiting();
        this.diagnosis.onBytes();
        destroyIfSilent(secure, this.#silenceTimeoutMs);
        resolve({ socket: secure, secure: true });
      });
      secure.on('error', (error) => {
        this.#failed(error, socket, secure, security);
        reject(sanitizeError(error));
      });
      secure.once('close', () => reject(new Error('the connection was closed during the TLS handshake')));
    });
  }

  /** May also run after a completed handshake: in TLS 1.3 a server rejects a client's certificate only then. */
  #failed(error: Error, socket: Socket, secure: TLSSocket, { hasCertificate }: TlsSettings): void {
    const wasInUse = secure.bytesRead > 0;
    const wasSilent = socket.bytesRead === 0 && !timedOut(secure);
    // Workaround (grpc-js 1.14.7; no public issue found, `connect` of transport.ts returns createSession() without
    // await, so its catch block does not see a failure): grpc-js leaks a socket that fails between the TLS handshake
    // and the start of HTTP/2. Remove when that is awaited.
    secure.destroy();
    socket.destroy();
    if (wasInUse) return;
    const failure = tlsFailureOf(error, hasCertificate);
    if (failure) this.diagnosis.record(failure, sanitizeError(error));
    else if (wasSilent) this.diagnosis.onSilentClose();
  }
}
