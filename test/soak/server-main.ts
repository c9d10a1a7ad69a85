// The gRPC servers that the worker's channels call: node server-main.js
import { startServer } from '../chaos/calls/rpc.js';
import type { Report } from './messages.js';

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {});
const servers = await Promise.all(Array.from({ length: 4 }, () => startServer(0)));
const report: Report = { type: 'servers', addrs: servers.map(({ addr }) => addr) };
process.send?.(report);
