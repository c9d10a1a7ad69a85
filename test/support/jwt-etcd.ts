import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { registerSecret } from './canary.js';

/** An etcd that issues signed tokens (`--auth-token jwt` with RS256); `close()` also removes the keys. */
export async function startJwtEtcd(
  ttlSeconds: number,
): Promise<{ readonly etcd: EtcdHandle; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-jwt-'));
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const files = { pub: join(folder, 'pub.pem'), priv: join(folder, 'priv.pem') };
  await writeFile(files.pub, publicKey.export({ type: 'spki', format: 'pem' }));
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' });
  registerSecret(String(pem));
  await writeFile(files.priv, pem);
  const options = `pub-key=${files.pub},priv-key=${files.priv},sign-method=RS256,ttl=${ttlSeconds}s`;
  const etcd = await startEtcd({ args: ['--auth-token', `jwt,${options}`] });
  return {
    etcd,
    close: async () => {
      await etcd.close();
      await rm(folder, { recursive: true });
    },
  };
}
