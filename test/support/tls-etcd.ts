import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificatePair } from '#src/testing/certificates/index.js';
import { locateEtcd } from '#src/testing/index.js';
import { freePorts } from '#src/testing/ports.js';
import { ProcessEtcd } from '#src/testing/process/etcd.js';
import { Security } from '#src/testing/security/security.js';
import { skip } from './etcd.js';

/** An etcd that listens without and with TLS, each on a port and on a unix socket. */
export interface TlsEtcd {
  /** `127.0.0.1:port`. */
  readonly plain: string;
  readonly secure: string;
  /** Paths; etcd names its socket files `localhost:number`. */
  readonly plainSocket: string;
  readonly secureSocket: string;
  /** To pause, kill and start it. */
  readonly server: ProcessEtcd;
  /** Replaces the certificate files; etcd reads them at each handshake. */
  rotate(server: CertificatePair): Promise<void>;
  close(): Promise<void>;
}

/** Skips tests for sources other than a local binary, which alone can use files and sockets of this machine. */
export function skipUnlessBinary(context: Mocha.Context): void {
  const source = process.env['ETCD_TEST_SOURCE'];
  if (source === 'docker' || source === 'external') skip(context, 'the etcd is not a local process');
}

/**
 * @param clientAuthority If given, etcd requires client certificates signed by it (`--client-cert-auth`).
 * @param version The release. Default: the first that is found.
 */
export async function startTlsEtcd(
  server: CertificatePair,
  clientAuthority?: string,
  version?: string,
): Promise<TlsEtcd> {
  const binary = await locateEtcd(version === undefined ? {} : { version });
  const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-tls-'));
  // A unix socket's path is limited to 107 bytes; the temporary folder's may be longer.
  const socketFolder = await mkdtemp('/tmp/etcd-naming-');
  const file = (name: string) => join(folder, name);
  const rotate = async ({ cert, key }: CertificatePair) => {
    await Promise.all([writeFile(file('server.pem'), cert), writeFile(file('server.key'), key)]);
  };
  await rotate(server);
  if (clientAuthority !== undefined) await writeFile(file('clients.pem'), clientAuthority);
  // etcd creates a unix socket's file in its working directory.
  await writeFile(file('etcd'), `#!/bin/sh\ncd '${socketFolder}' && exec '${binary.etcd}' "$@"\n`);
  await chmod(file('etcd'), 0o755);
  const [plainPort = 0, securePort = 0, peerPort = 0] = await freePorts(3);
  const [plain, secure] = [`127.0.0.1:${plainPort}`, `127.0.0.1:${securePort}`];
  const sockets = [`localhost:${plainPort}`, `localhost:${securePort}`] as const;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const etcd = new ProcessEtcd(
    file('etcd'),
    {
      name: 'm0',
      listenClientUrl: `http://${plain},https://${secure},unix://${sockets[0]},unixs://${sockets[1]}`,
      advertiseClientUrl: `http://${plain}`,
      listenPeerUrl: peerUrl,
      peerUrl,
      initialCluster: `m0=${peerUrl}`,
    },
    {
      security: new Security(),
      files: {},
      args: [
        ...['--cert-file', file('server.pem'), '--key-file', file('server.key')],
        ...(clientAuthority === undefined
          ? []
          : ['--client-cert-auth', '--trusted-ca-file', file('clients.pem')]),
      ],
    },
  );
  const close = async () => {
    await etcd.remove();
    for (const each of [folder, socketFolder]) await rm(each, { recursive: true, force: true });
  };
  try {
    await etcd.start({ timeoutMs: 30_000 });
  } catch (error) {
    await close();
    throw error;
  }
  const [plainSocket, secureSocket] = sockets.map((name) => join(socketFolder, name)) as [string, string];
  return { plain, secure, plainSocket, secureSocket, server: etcd, rotate, close };
}
