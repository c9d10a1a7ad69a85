import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ProcessGroup } from '#src/testing/process/group.js';
import { type Guard, guard } from '#src/testing/process/guard.js';
import { Attempt } from './attempt.js';
import type { Order, Report, Side } from './messages.js';

const worker = fileURLToPath(new URL('worker-main.js', import.meta.url));

/** The programs and the etcd of a matrix. */
export interface Programs {
  readonly endpoint: string;
  readonly etcdctl: string;
  /** The program of `test/interop/go-lock`. */
  readonly go: string;
}

/** A process that takes the lock of one side, again and again; after a kill, a new one. */
export class Contender {
  readonly #side: Side | 'broken';
  readonly #programs: Programs;
  readonly #server: Server;
  readonly #attempts = new Map<number, Attempt>();
  #group: ProcessGroup | undefined;
  #guard: Guard | undefined;
  #socket: Socket | undefined;
  #log = '';

  private constructor(side: Side | 'broken', programs: Programs, server: Server) {
    this.#side = side;
    this.#programs = programs;
    this.#server = server;
    server.on('connection', (socket) => {
      this.#socket = socket;
      socket.on('error', () => {});
      createInterface(socket).on('line', (line) => this.#onReport(JSON.parse(line) as Report));
    });
  }

  static async open(side: Side | 'broken', programs: Programs): Promise<Contender> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Contender(side, programs, server);
  }

  /** Makes the process take the lock. One attempt at a time. */
  async attempt(order: Order): Promise<Attempt> {
    const attempt = new Attempt(order.id, (line) => this.#socket?.write(line));
    this.#attempts.set(order.id, attempt);
    if (this.#side === 'etcdctl') this.#spawnEtcdctl(order, attempt);
    else {
      if (!this.#group?.isRunning) await this.#start();
      this.#socket?.write(`${JSON.stringify(order)}\n`);
    }
    return attempt;
  }

  /** Sends SIGKILL to the process and what it started. Resolves when they have ended. */
  async kill(): Promise<void> {
    await this.#group?.kill();
    this.#group = undefined;
  }

  async close(): Promise<void> {
    await this.kill();
    this.#socket?.destroy();
    this.#server.close();
  }

  async #start(): Promise<void> {
    const { endpoint, go } = this.#programs;
    const connected = once(this.#server, 'connection');
    const group =
      this.#side === 'go'
        ? this.#spawn(go, ['mutex', endpoint])
        : this.#spawn(process.execPath, [worker, this.#side, endpoint]);
    const ended = group.ended.then(() => {
      throw new Error(`${this.#side} ended: ${group.exitText}\n${this.#log}`);
    });
    await Promise.race([connected, ended]);
    ended.catch((error: Error) => {
      for (const attempt of this.#attempts.values()) attempt.fail(error);
    });
  }

  /** The command of etcdctl has the lock: it reports to the test, and etcdctl releases the lock when it has ended. */
  #spawnEtcdctl(order: Order, attempt: Attempt): void {
    const { endpoint, etcdctl, go } = this.#programs;
    const args = ['lock', '--ttl', String(order.ttlSeconds), order.name, go, 'section'];
    const group = this.#spawn(etcdctl, [`--endpoints=${endpoint}`, ...args], {
      LOCK_ORDER: JSON.stringify(order),
      ETCDCTL_API: '3',
    });
    void group.ended.then(() => {
      if (group.leader.exitCode === 0) attempt.onReport({ id: order.id, event: 'released' });
      else attempt.fail(new Error(`etcdctl: ${group.exitText}\n${this.#log}`));
    });
  }

  #spawn(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ProcessGroup {
    const address = this.#server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const group = new ProcessGroup(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env, LOCK_CONTROL: `127.0.0.1:${port}` },
    });
    this.#guard?.release();
    this.#guard = guard('kill -9 "-$1" 2>/dev/null', [String(group.id ?? '')]);
    const guarding = this.#guard;
    void group.ended.then(() => guarding.release());
    for (const stream of [group.leader.stdout, group.leader.stderr])
      stream?.on('data', (text: Buffer) => {
        this.#log = (this.#log + text).slice(-4_096);
      });
    this.#group = group;
    return group;
  }

  #onReport(report: Report): void {
    this.#attempts.get(report.id)?.onReport(report);
    if (report.event === 'released' || report.event === 'failed') this.#attempts.delete(report.id);
  }
}
