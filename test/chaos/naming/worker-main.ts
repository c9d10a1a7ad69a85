// A registrar or a viewer: node worker-main.js <config as JSON>.
import { EtcdClient } from '#src/index.js';
import type { ProcessConfig, Report } from './messages.js';
import { runRegistrar } from './registrar.js';
import { runViewer } from './viewer.js';

const config = JSON.parse(process.argv[2] ?? '') as ProcessConfig;
const keepaliveOptions = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };
const client = new EtcdClient({ endpoints: config.endpoints, ...keepaliveOptions });
const report = (message: Report) => void process.send?.(message);

process.once('disconnect', () => process.exit());

if (config.role === 'registrar') await runRegistrar(client, config, report);
else runViewer(client, config, report);
