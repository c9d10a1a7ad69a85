import { EtcdClient } from '#src/client/index.js';
import { CertificateAuthority, type CertificatePair } from '#src/testing/certificates/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { startTlsEtcd, type TlsEtcd } from '../../support/tls-etcd.js';
import { accessPassword } from './access.js';

/** The etcds of the programs. */
export interface Servers {
  /** Without users and TLS. */
  readonly main: EtcdHandle;
  /** With TLS and client certificates. */
  readonly secure: TlsEtcd;
  /** With the user `u`, who may read `k`. */
  readonly guarded: EtcdHandle;
  readonly certificate: CertificatePair & { readonly ca: string };
  close(): Promise<void>;
}

export async function startServers(): Promise<Servers> {
  const authority = CertificateAuthority.root('migration');
  const leaf = authority.issue({ names: ['127.0.0.1'] });
  const [main, secure, guarded] = await Promise.all([
    startEtcd(),
    startTlsEtcd(leaf, authority.pem),
    startGuarded(),
  ]);
  await using client = new EtcdClient({ endpoints: [secure.plain] });
  await client.kv.put('k', 'v');
  return {
    ...{ main, secure, guarded },
    certificate: { ...leaf, ca: authority.pem },
    close: async () => {
      await Promise.all([main.close(), secure.close(), guarded.close()]);
    },
  };
}

/** An etcd with the user `u`, who may read `k`. */
export async function startGuarded(): Promise<EtcdHandle> {
  const etcd = await startEtcd({
    auth: {
      rootPassword: accessPassword,
      roles: { r: [{ access: 'read', key: 'k' }] },
      users: { u: { password: accessPassword, roles: ['r'] } },
    },
  });
  await using client = new EtcdClient(etcd.clientOptions);
  await client.kv.put('k', 'v');
  return etcd;
}
