import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdClient, type EtcdClientOptions } from '#src/index.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { type Guard, guard } from '#src/testing/process/guard.js';
import { startTlsEtcd, type TlsEtcd } from '../support/tls-etcd.js';
import { Front } from './front/front.js';
import type { LoggedRequest } from './front/log.js';
import {
  endsTls,
  type FrontFiles,
  type FrontKind,
  type FrontLimits,
  type Mode,
  startsTls,
  type TlsPlacement,
} from './front/settings.js';

/** A configuration of a front end. */
export interface Placement {
  readonly kind: FrontKind;
  readonly mode: Mode;
  readonly tls: TlsPlacement;
}

export interface EnvironmentOptions extends Placement {
  readonly limits: FrontLimits;
  /** How many front ends lead to the one etcd. */
  readonly fronts: number;
  readonly version: string | undefined;
}

const authority = CertificateAuthority.root('front-ends');

/** An etcd, the front ends before it, and clients that know only these. */
export class Environment implements AsyncDisposable {
  readonly placement: Placement;
  readonly etcd: TlsEtcd;
  readonly fronts: readonly Front[];
  readonly #folder: string;
  readonly #guard: Guard;
  readonly #clients: EtcdClient[] = [];

  private constructor(placement: Placement, etcd: TlsEtcd, fronts: readonly Front[], folder: string) {
    this.placement = placement;
    this.etcd = etcd;
    this.fronts = fronts;
    this.#folder = folder;
    this.#guard = guard('rm -rf -- "$1"', [folder]); // even if this process crashes
  }

  static async start({
    limits,
    fronts: count,
    version,
    ...placement
  }: EnvironmentOptions): Promise<Environment> {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-fronts-'));
    const names = ['localhost', '127.0.0.1'];
    const etcd = await startTlsEtcd(authority.issue({ names }), undefined, version);
    const fronts: Front[] = [];
    const environment = new Environment(placement, etcd, fronts, folder);
    try {
      const files = await writeFiles(folder);
      const isTls = startsTls(placement) || placement.tls === 'through';
      const settings = { ...placement, limits, files, etcd: isTls ? etcd.secure : etcd.plain };
      for (let i = 0; i < count; i++) fronts.push(await Front.start(placement.kind, settings));
      return environment;
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  /** A client of the front ends. It is closed with the environment. */
  connect(options: Partial<EtcdClientOptions> = {}): EtcdClient {
    const isTls = endsTls(this.placement) || this.placement.tls === 'through';
    const client = new EtcdClient({
      endpoints: this.fronts.map(({ port }) => `127.0.0.1:${port}`),
      ...(isTls ? { tls: { ca: authority.pem } } : {}),
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** Kills etcd and starts it again after a time. */
  async etcdAway(awayMs: number, meanwhile: () => Promise<void>): Promise<void> {
    await this.etcd.server.kill();
    const startedAt = performance.now();
    await meanwhile();
    await remaining(awayMs, startedAt);
    await this.etcd.server.start({ timeoutMs: 30_000 });
  }

  /** What all front ends logged. */
  async logged(): Promise<LoggedRequest[]> {
    return (await Promise.all(this.fronts.map((front) => front.ended()))).flat();
  }

  async close(): Promise<void> {
    const parts = [...this.#clients, ...this.fronts];
    const ends = await Promise.allSettled(parts.map((part) => part.close()));
    await this.etcd.close();
    await rm(this.#folder, { recursive: true, force: true });
    this.#guard.release();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function remaining(totalMs: number, startedAt: number): Promise<void> {
  const ms = totalMs - (performance.now() - startedAt);
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function writeFiles(folder: string): Promise<FrontFiles> {
  const { cert, key } = authority.issue({ names: ['localhost', '127.0.0.1'] });
  const files = {
    certificate: join(folder, 'front.pem'),
    key: join(folder, 'front.key'),
    pair: join(folder, 'pair.pem'),
    authority: join(folder, 'etcd-ca.pem'),
  };
  await writeFile(files.certificate, cert);
  await writeFile(files.key, key);
  await writeFile(files.pair, cert + key);
  await writeFile(files.authority, authority.pem);
  return files;
}
