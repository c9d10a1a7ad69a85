import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6, type Server, type Socket as TcpSocket } from 'node:net';

/** An SRV record, as `dns.resolveSrv` returns it. */
export interface ServedSrv {
  readonly name: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

/** The records of a name, or how the server misbehaves for it. */
export type DnsAnswer =
  | { readonly addresses?: readonly string[]; readonly srv?: readonly ServedSrv[] }
  | 'servfail'
  | 'silence'
  | 'garbage';

const types = { a: 1, aaaa: 28, srv: 33 };
const flags = { answer: 0x8580, truncated: 0x0200 };
const rcodes = { noError: 0, servFail: 2, noName: 3 };
/** A longer answer is truncated over UDP, and whole over TCP. */
const maxUdpBytes = 1_200;

/** A DNS server on loopback, over UDP and TCP, with records that a test changes. Other names do not exist. */
export class DnsServer implements AsyncDisposable {
  readonly records = new Map<string, DnsAnswer>();
  /** The names of the questions in their order, each with its type: `etcd.test A`. */
  readonly questions: string[] = [];
  readonly #udp: Socket;
  readonly #tcp: Server;
  readonly #connections = new Set<TcpSocket>();

  private constructor(udp: Socket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (query, from) => {
      const reply = this.#reply(query, maxUdpBytes);
      if (reply) udp.send(reply, from.port, from.address);
    });
    tcp.on('connection', (socket) => this.#serveTcp(socket));
  }

  static async start(): Promise<DnsServer> {
    for (;;) {
      const tcp = createServer().listen(0, '127.0.0.1');
      await once(tcp, 'listening');
      const udp = createSocket('udp4');
      try {
        udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1');
        await once(udp, 'listening');
        return new DnsServer(udp, tcp);
      } catch {
        tcp.close(); // the port is in use for UDP
      }
    }
  }

  /** For `dns.servers`. */
  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    await Promise.all([
      new Promise<void>((resolve) => this.#udp.close(resolve)),
      new Promise<void>((resolve) => this.#tcp.close(() => resolve())),
    ]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #serveTcp(socket: TcpSocket): void {
    this.#connections.add(socket);
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('error', () => {}); // the client closes the connection
    let received = Buffer.alloc(0);
    socket.on('data', (part: Buffer) => {
      received = Buffer.concat([received, part]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const reply = this.#reply(received.subarray(2, end), 65_535);
        received = received.subarray(end);
        if (reply) socket.write(Buffer.concat([uint16(reply.length), reply]));
      }
    });
  }

  #reply(query: Buffer, maxBytes: number): Buffer | undefined {
    const { name, type, end } = parseQuestion(query);
    const typeName = Object.entries(types).find(([, number]) => number === type)?.[0] ?? `TYPE${type}`;
    this.questions.push(`${name} ${typeName.toUpperCase()}`);
    const answer = this.records.get(name);
    const question = query.subarray(12, end);
    const id = query.subarray(0, 2);
    if (answer === 'silence') return undefined;
    if (answer === 'garbage') return Buffer.concat([id, Buffer.alloc(40, 0xff)]);
    if (answer === undefined) return message(id, rcodes.noName, question, []);
    if (answer === 'servfail') return message(id, rcodes.servFail, question, []);
    const whole = message(id, rcodes.noError, question, recordsOf(answer, type));
    return whole.length <= maxBytes ? whole : message(id, flags.truncated, question, []);
  }
}

function parseQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function recordsOf({ addresses = [], srv = [] }: Exclude<DnsAnswer, string>, type: number): Buffer[] {
  switch (type) {
    case types.a:
      return addresses.filter((ip) => !isIPv6(ip)).map((ip) => record(type, ipv4Bytes(ip)));
    case types.aaaa:
      return addresses.filter(isIPv6).map((ip) => record(type, ipv6Bytes(ip)));
    case types.srv:
      return srv.map(({ name, port, priority = 0, weight = 0 }) =>
        record(type, Buffer.concat([uint16(priority, weight, port), nameBytes(name)])),
      );
    default:
      return [];
  }
}

function message(id: Buffer, bits: number, question: Buffer, records: readonly Buffer[]): Buffer {
  const header = uint16(flags.answer | bits, 1, records.length, 0, 0);
  return Buffer.concat([id, header, question, ...records]);
}

/** A record of the question's name, which is at offset 12, with a time to live of 0. */
function record(type: number, data: Buffer): Buffer {
  return Buffer.concat([uint16(0xc00c, type, 1, 0, 0, data.length), data]);
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.alloc(1),
  ]);
}

function ipv4Bytes(ip: string): Buffer {
  return Buffer.from(ip.split('.').map(Number));
}

function ipv6Bytes(ip: string): Buffer {
  const [head = [], tail = []] = ip
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return uint16(...[...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16)));
}

function uint16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, at * 2);
  return bytes;
}
