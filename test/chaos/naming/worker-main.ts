// A registrar or a viewer as a process of its own: node worker-main.js <part as JSON>
import { EtcdClient } from '#src/index.js';
import type { ProcessConfig, Report } from './messages.js';
import { runRegistrar } from './registrar.js';
import { runViewer } from './viewer.js';

const part = JSON.parse(process.argv[2] ?? '') as ProcessConfig;
const attentive = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };
const client = new EtcdClient({ endpoints: part.endpoints, ...attentive });
const tell = (told: Report) => void process.send?.(told);

process.once('disconnect', () => process.exit());

if (part.role === 'registrar') await runRegistrar(client, part, tell);
else runViewer(client, part, tell);
