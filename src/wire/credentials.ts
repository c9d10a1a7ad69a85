import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { ChannelCredentials, credentials as grpcCredentials } from '@grpc/grpc-js';
import { destroyIfSilent, destroyUnless, timedOut } from '../async/index.js';
import { InvalidInputError } from '../errors/index.js';
import { isServerName, withoutRootDot } from '../model/index.js';
import type { MemberAddress } from './endpoints.js';
import { TlsDiagnosis } from './tls-diagnosis.js';
import { sanitizeError, tlsFailureOf } from './tls-failure.js';
import { PemError, TlsFiles } from './tls-files.js';
import type { TlsOptions } from './tls-options.js';
import { unrefSocket } from './unref-socket.js';

/** How the client proves itself to one member, and checks it. */
interface TlsSettings {
  readonly files: TlsFiles;
  readonly serverName: string;
  readonly hasCertificate: boolean;
  readonly verify: boolean;
}

/**
 * The credentials for each member's channel; there is no silent fall to plaintext: without `tls` all is plaintext,
 * with it nothing is.
 * @throws {InvalidInputError} for TLS options that cannot work.
 */
export function makeCredentials(
  tls: TlsOptions | undefined,
  silenceTimeoutMs: number,
): (member: MemberAddress) => MemberCredentials {
  // Not for `false` or '' from plain JavaScript: beside `https://` that would be the silent fall.
  if (tls === undefined || tls === null)
    return (member) => new MemberCredentials(member, undefined, silenceTimeoutMs);
  const files = new TlsFiles(tls);
  const verify = tls.dangerouslySkipVerification !== true;
  if (!verify) warnOfSkipping();
  const hasCertificate = (tls.cert ?? tls.certFile) !== undefined;
  return (member) => {
    const serverName = withoutRootDot(tls.serverName ?? member.host);
    if (!isServerName(serverName)) {
      throw new InvalidInputError(`endpoint '${member.endpoint}' has no host to verify: give tls.serverName`);
    }
    return new MemberCredentials(member, { files, serverName, hasCertificate, verify }, silenceTimeoutMs);
  };
}

function warnOfSkipping(): void {
  process.emitWarning('An etcd client takes any server certificate: tls.dangerouslySkipVerification is on.', {
    type: 'SecurityWarning',
    code: 'ETCD_TLS_UNVERIFIED',
  });
}

/**
 * Node's check, without the common name: Node falls back to it where no DNS name is among the alternative names, which
 * RFC 9525 (section 2) and Go do not.
 */
function checkAlternativeNames(serverName: string, certificate: PeerCertificate): Error | undefined {
  const { subjectaltname } = certificate;
  return checkServerIdentity(serverName, { subjectaltname, subject: {} } as PeerCertificate);
}

/** Of all members of all clients. */
let lastConnectionId = 0;

type ConnectorFactory = ChannelCredentials['_createSecureConnector'];
type SecureConnector = ReturnType<ConnectorFactory>;
type Connected = Awaited<ReturnType<SecureConnector['connect']>>;

/** An alert of TLS, the most that a peer says who expected TLS, has 7 bytes; an HTTP/2 peer says at least 9. */
const alertBytes = 7;

/**
 * How grpc-js connects to one member. It also knows what was wrong the last time, of which grpc-js itself hands on no
 * more than a text, and it hangs up on a peer which accepts the connection and then says nothing. grpc-js bounds no
 * connection attempt (grpc-node#2785): without this the channel stays CONNECTING for ever, as it does before a stopped
 * process, a full accept queue or a NAT that lost its state.
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

  /** See {@link Member.connection}. */
  get connectionId(): number {
    return this.#connectionId;
  }

  /** No connection is begun from now on: grpc-js may have one more attempt in mind. */
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
      if (destroyed || this.#closed) throw new Error('the connection is not wanted any more');
    };
    return {
      // Before the connection is made, so that a bad file is told as such even when the member is down.
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

  /** By its end, too: grpc-js may go over to one that was made before. */
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
        // An address is no name to ask for (RFC 6066); what is verified is then `host`.
        servername: isIP(serverName) ? '' : serverName,
        checkServerIdentity: (_, certificate) => checkAlternativeNames(serverName, certificate),
        ALPNProtocols: ['h2'],
        rejectUnauthorized: verify,
      });
      unrefSocket(secure);
      const late = 'did not finish the TLS handshake within';
      const stopWaiting = destroyUnless(() => false, secure, late, this.#silenceTimeoutMs);
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
      secure.once('close', () => reject(new Error('the connection was closed within the TLS handshake')));
    });
  }

  /** Also after the client thinks it done: in TLS 1.3 a server turns a client's certificate down only then. */
  #failed(error: Error, socket: Socket, secure: TLSSocket, { hasCertificate }: TlsSettings): void {
    const wasInUse = secure.bytesRead > 0;
    const wasSilent = socket.bytesRead === 0 && !timedOut(secure);
    // grpc-js leaves a socket open that fails between the handshake and HTTP/2's.
    secure.destroy();
    socket.destroy();
    if (wasInUse) return;
    const failure = tlsFailureOf(error, hasCertificate);
    if (failure) this.diagnosis.record(failure, sanitizeError(error));
    else if (wasSilent) this.diagnosis.onSilentClose();
  }
}
