// A registrar or a viewer as a process of its own: node process.js <role> <endpoints> <target> <id>
import { EtcdClient, register, ServiceDirectory } from '#src/index.js';
import type { Told } from './told.js';

const [role, endpoints = '', target = '', id = ''] = process.argv.slice(2);
const attentive = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };
const client = new EtcdClient({ endpoints: endpoints.split(','), ...attentive });
const tell = (told: Told) => process.send?.(told);

if (role === 'registrar') await keepRegistered();
else watch();

process.once('disconnect', () => process.exit());

async function keepRegistered(): Promise<void> {
  const endpoint = { addr: `10.0.0.1:${id.replace(/\D/g, '')}` };
  const registration = await register(client, { target, id, endpoint, ttlSeconds: 3, timeoutMs: 120_000 });
  process.once('message', async () => {
    await registration.close();
    tell({ type: 'closed' });
    process.exit();
  });
  tell({ type: 'registered' });
}

function watch(): void {
  const directory = new ServiceDirectory(client);
  directory.follow(target, {
    view: ({ endpoints: records, held, revision }) => {
      tell({
        type: 'view',
        revision: String(revision),
        records: records.map(({ key, modRevision }) => [key, String(modRevision)]),
        held: [...held],
      });
    },
    trouble: () => {},
  });
}
