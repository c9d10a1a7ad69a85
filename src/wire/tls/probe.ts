import { connect, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { isServerName, withoutRootDot } from '../../model/index.js';
import type { MemberAddress } from '../member/endpoints.js';

/*
 * etcd closes the connection without sending a byte if only one side uses TLS. A restart looks the same, so the client
 * probes the other protocol. The probe sends only a greeting: no call, no client certificate, no password. It closes its
 * connection, and its result only selects the error that is reported.
 */

/**
 * HTTP/2's preface and an empty SETTINGS frame.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc9113#section-3.4
 */
const http2Preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

const firstFrameTypes: readonly (number | undefined)[] = [4, 7]; // SETTINGS, GOAWAY

/** Whether the peer answers an HTTP/2 greeting in plaintext. Never rejects; an abort resolves with false. */
export function speaksPlaintext({ socket: where }: MemberAddress, signal: AbortSignal): Promise<boolean> {
  return probe(
    () => connect({ ...where, signal } as TcpNetConnectOpts),
    (socket, answer) => {
      socket.once('connect', () => socket.write(http2Preface));
      socket.once('data', (data) => {
        answer(firstFrameTypes.includes(data[3]) || data.toString('latin1', 0, 5) === 'HTTP/');
      });
    },
  );
}

/** Whether the peer answers a TLS greeting with TLS; an alert counts. Never rejects. */
export function speaksTls({ socket: where, host }: MemberAddress, signal: AbortSignal): Promise<boolean> {
  const open = () => {
    // Nothing is sent over this connection, so the server need not be verified.
    return connectTls({
      ...where,
      signal,
      servername: isIP(host) || !isServerName(host) ? '' : withoutRootDot(host),
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    } as object);
  };
  return probe(open, (socket: TLSSocket, answer) => {
    socket.once('secureConnect', () => answer(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => answer(/^ERR_SSL_.*ALERT/.test(code ?? '')));
  });
}

function probe<S extends Socket>(
  open: () => S,
  listen: (socket: S, answer: (yes: boolean) => void) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = open();
    socket.unref();
    const answer = (yes: boolean) => {
      resolve(yes);
      socket.destroy();
    };
    listen(socket, answer);
    socket.on('error', () => answer(false));
    socket.once('close', () => answer(false));
  });
}
