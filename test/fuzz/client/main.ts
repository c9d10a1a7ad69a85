// A separate process, so that a crash is detected: node main.js <endpoint> <seed>. Runs the workload until the parent
// sends "recover", checks that the client recovers, and reports.
import { once } from 'node:events';
import { Findings } from './findings.js';
import { Workload } from './workload.js';

/** Longer than the longest backoff (5 s), a lease's TTL, and the 130 s after which a silent watch stream is replaced. */
const recoverMs = 150_000;

const [endpoint = '', seed = '1'] = process.argv.slice(2);
const findings = new Findings();
const workload = new Workload(endpoint, Number(seed), findings);
const exit = () => process.exit(1);
process.once('disconnect', exit); // the parent has ended
if (!process.connected) exit();
workload.start();
await once(process, 'message');
await workload.checkRecovery(recoverMs);
await workload.stop();
process.off('disconnect', exit);
process.send?.(findings.report(), () => process.disconnect());
