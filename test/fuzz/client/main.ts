// A separate process, so that a crash is detected: node main.js <endpoint> <seed> <ms for the recovery>. Runs the workload
// until the parent sends "recover", checks that the client recovers, and reports.
import { once } from 'node:events';
import { Findings } from './findings.js';
import { Workload } from './workload.js';

const [endpoint = '', seed = '1', recoverMs = ''] = process.argv.slice(2);
const findings = new Findings();
const workload = new Workload(endpoint, Number(seed), findings);
const exit = () => process.exit(1);
process.once('disconnect', exit); // the parent has ended
if (!process.connected) exit();
workload.start();
await once(process, 'message');
await workload.checkRecovery(Number(recoverMs));
await workload.stop();
process.off('disconnect', exit);
process.send?.(findings.report(), () => process.disconnect());
