import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { parseAddress } from '../../internal.js';

/** How to look at an address beyond TCP. */
export interface ProbeOptions {
  readonly tls: ServerTls | undefined;
  /** Whether to ask gRPC's health service. */
  readonly health: boolean;
  readonly timeoutMs: number;
}

/** What TLS with a server is verified against. */
export interface ServerTls {
  readonly serverName: string;
  /** PEM; undefined for the authorities that come with Node. */
  readonly ca: Buffer | undefined;
}

/** What came of it: of a step that was not asked for, or not reached, nothing. */
export interface Probed {
  readonly addr: string;
  /** Why there is no connection that a gRPC channel could use; over TLS, why that failed. */
  readonly failure?: string;
  /** A serving status, or why there is none. */
  readonly health?: string;
}

/** What `Check` answers, by its number. */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const unimplemented = '12';
/** A message of no bytes, uncompressed: the health of the server as a whole. */
const emptyMessage = Buffer.alloc(5);

/** Asks one address over HTTP/2, without grpc-js, so that no proxy, retry or service config comes in between. */
export async function probe(addr: string, options: ProbeOptions): Promise<Probed> {
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
    return { addr, failure: (error as Error).message };
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

function open(addr: string, tls: ServerTls | undefined): ClientHttp2Session {
  const parsed = parseAddress(addr);
  if (!('tcp' in parsed)) throw new Error('only addresses of TCP are asked');
  const { host, port } = parsed.tcp;
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (!tls) return connect(`http://${where}`);
  const { serverName, ca } = tls;
  return connect(`https://${where}`, { servername: serverName, ...(ca && { ca }) });
}

function connected(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    // For good: an error may follow the one that ended the wait.
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
  const { status, text, body } = await answerOf(stream);
  if (status === unimplemented) return noHealthService;
  if (status !== '0') return `gRPC status ${status ?? 'missing'}${text ? `: ${text}` : ''}`;
  // A message of the field 1 alone, or of nothing, which is its default.
  const number = body.length >= 7 && body[5] === 0x08 ? (body[6] ?? 0) : 0;
  return servingStatuses[number] ?? `status ${number}`;
}

export const noHealthService = 'no health service';

interface Answer {
  readonly status: string | undefined;
  readonly text: string;
  readonly body: Buffer;
}

function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  const parts: Buffer[] = [];
  let fields: Record<string, unknown> = {};
  // An answer without a message has its status in its only headers.
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
