import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { goProgram } from './go-build.js';

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** CoreDNS with its `etcd` plugin, on a free port of 127.0.0.1, and a DNS client that asks it. */
export class CoreDnsServer {
  readonly dns = new Resolver({ timeout: 5_000, tries: 1 });
  readonly #child: Child;

  private constructor(child: Child, address: string) {
    this.#child = child;
    this.dns.setServers([address]);
  }

  /** @throws {GoMissingError} without a Go toolchain. */
  static async start(zone: string, etcdEndpoints: readonly string[]): Promise<CoreDnsServer> {
    const child = spawn(await goProgram('coredns'), [], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(`${zone}:0 {
  bind 127.0.0.1
  etcd {
    path /skydns
    endpoint ${etcdEndpoints.map((endpoint) => `http://${endpoint}`).join(' ')}
  }
}
`);
    const { value, done } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
    if (done) throw new Error('CoreDNS ended before it listened');
    return new CoreDnsServer(child, value as string);
  }

  /** The answers to a question for SRV, in the order of their targets; the code of the error, such as ENOTFOUND. */
  async srv(name: string) {
    const byTarget = (a: { readonly name: string }, b: { readonly name: string }) =>
      a.name < b.name ? -1 : 1;
    return this.dns.resolveSrv(name).then((answers) => answers.sort(byTarget), codeOf);
  }

  /** The answers to a question for A or AAAA; the code of the error. */
  async addresses(name: string, family: 4 | 6 = 4): Promise<readonly string[] | string> {
    const found = family === 4 ? this.dns.resolve4(name) : this.dns.resolve6(name);
    return found.then((answers) => answers.sort(), codeOf);
  }

  async close(): Promise<void> {
    this.dns.cancel();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message;
}
