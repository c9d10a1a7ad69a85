// A registrar or a viewer as a process of its own: node process.js <part as JSON>
import { EtcdClient } from '#src/index.js';
import { keepRegistered } from './registrar.js';
import type { Part, Told } from './told.js';
import { view } from './viewer.js';

const part = JSON.parse(process.argv[2] ?? '') as Part;
const attentive = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };
const client = new EtcdClient({ endpoints: part.endpoints, ...attentive });
const tell = (told: Told) => void process.send?.(told);

process.once('disconnect', () => process.exit());

if (part.role === 'registrar') await keepRegistered(client, part, tell);
else view(client, part, tell);
