import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { describeSessionError, parseAddress } from '../../internal.js';

/** What to check at a server beyond TCP. */
export interface ProbeOptions {
  /** Undefined: plaintext. */
  readonly tls: ServerTls | undefined;
  /** Whether to call gRPC's health service. */
  readonly health: boolean;
  readonly timeoutMs: number;
}

/** What a server's certificate is verified against. */
export interface ServerTls {
  readonly serverName: string;
  /** The certificate authorities in PEM. Undefined: those of Node. */
  readonly ca: Buffer | undefined;
}

/** The result for one address. Without a failure the connection was established. */
export interface ProbeResult {
  readonly addr: string;
  /** Why no HTTP/2 connection was established, over TLS if that was requested. */
  readonly failure?: string;
  /** The serving status, or why there is none. Undefined if it was not requested. */
  readonly health?: string;
}

/** The values of `HealthCheckResponse.ServingStatus`, by number. */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const unimplemented = '12';
/** An uncompressed gRPC frame with an empty message, which asks about the server as a whole. */
const emptyMessage = Buffer.alloc(5);

/** The health text for a server that answers UNIMPLEMENTED. */
export const noHealthService = 'no health service';

/**
 * Connects to one address over HTTP/2. It does not use grpc-js, whose proxies, retries and service config would
 * interfere.
 */
export async function probeServer(addr: string, options: ProbeOptions): Promise<ProbeResult> {
  const session = open(addr, options.tls);
  const timer = setTimeout(
    () => session.destroy(new Error(`no answer within ${options.timeoutMs} ms`)),
    options.timeoutMs,
  );
  try {
    await connected(session);
    if (!options.health) return { addr };
    return { addr, health: await checkHealth(session, options.tls?.serverName) };
  } catch (error) {
    return { addr, failure: describeSessionError(error as Error) };
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

function open(addr: string, tls: ServerTls | undefined): ClientHttp2Session {
  const parsed = parseAddress(addr);
  if (!('tcp' in parsed)) throw new Error('only TCP addresses can be probed');
  const { host, port } = parsed.tcp;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (!tls) return connect(`http://${authority}`);
  const { serverName, ca } = tls;
  return connect(`https://${authority}`, { servername: serverName, ...(ca && { ca }) });
}

function connected(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays attached: a second error may follow the first, and without a listener it would be thrown.
    session.on('error', reject);
    session.once('close', () => reject(new Error('the connection was closed')));
    session.once('remoteSettings', () => resolve());
  });
}

async function checkHealth(session: ClientHttp2Session, serverName: string | undefined): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    ...(serverName !== undefined && { ':authority': serverName }),
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.end(emptyMessage);
  const { status, text, body } = await readResponse(stream);
  if (status === unimplemented) return noHealthService;
  if (status !== '0') return `gRPC status ${status ?? 'missing'}${text ? `: ${text}` : ''}`;
  // The message has only field 1, the status, and is empty if the status is 0.
  const number = body.length >= 7 && body[5] === 0x08 ? (body[6] ?? 0) : 0;
  return servingStatuses[number] ?? `status ${number}`;
}

interface GrpcResponse {
  /** `grpc-status`, a number as text. */
  readonly status: string | undefined;
  /** `grpc-message`. */
  readonly text: string;
  readonly body: Buffer;
}

function readResponse(stream: ClientHttp2Stream): Promise<GrpcResponse> {
  const parts: Buffer[] = [];
  let fields: Record<string, unknown> = {};
  // A response without a message has its status in the headers instead of the trailers.
  for (const event of ['response', 'trailers'])
    stream.on(event, (headers: object) => {
      fields = { ...fields, ...headers };
    });
  stream.on('data', (part: Buffer) => parts.push(part));
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.once('close', () => {
      const status = fields['grpc-status'];
      resolve({
        status: status === undefined ? undefined : String(status),
        text: String(fields['grpc-message'] ?? ''),
        body: Buffer.concat(parts),
      });
    });
  });
}
