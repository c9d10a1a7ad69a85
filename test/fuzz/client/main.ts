// Runs by itself, so that a crash is seen from outside: node main.js <endpoint> <seed>. Works until its parent says
// "honest", shows that it recovers, and reports.
import { once } from 'node:events';
import { Findings } from './findings.js';
import { Workload } from './workload.js';

/** A pause that grew to 5 s, a lease that runs out, and some more of either. */
const recoverMs = 45_000;

const [endpoint = '', seed = '1'] = process.argv.slice(2);
const findings = new Findings();
const workload = new Workload(endpoint, Number(seed), findings);
workload.start();
await once(process, 'message');
await workload.recovers(recoverMs);
await workload.stop();
process.send?.(findings.report(), () => process.disconnect());
