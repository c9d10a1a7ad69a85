import { tryConnect } from '../data/address.js';
import { joinSome } from '../output/text.js';
import { inParallel } from '../parallel.js';
import { type Finding, ok, problem, warning } from './finding.js';
import type { UsableRecord } from './records.js';

const maxAddresses = 100;
const concurrency = 20;
const timeoutMs = 2_000;

/** Checks which addresses accept a TCP connection from this host. Sends nothing over it. */
export async function dialAddresses(
  records: readonly UsableRecord[],
): Promise<{ finding: Finding; accepted: readonly string[] }> {
  const all = [...new Set(records.map(({ endpoint }) => endpoint.addr))];
  const dialled = all.slice(0, maxAddresses);
  const failed: string[] = [];
  const accepted: string[] = [];
  await inParallel(dialled, concurrency, async (addr) => {
    const failure = await tryConnect(addr, timeoutMs);
    if (failure === undefined) accepted.push(addr);
    else failed.push(`${addr} (${failure})`);
  });
  return { finding: toFinding(dialled.length, failed, all.length > maxAddresses), accepted };
}

function toFinding(dialled: number, failed: string[], isLimited: boolean): Finding {
  const limit = isLimited ? `, of the first ${maxAddresses}` : '';
  if (failed.length === 0) return ok('dial', `all ${dialled} accept connections from this host${limit}`);
  const message = `${failed.length} of ${dialled} accept no connection from this host: ${joinSome(failed.sort())}`;
  if (failed.length < dialled)
    return warning('dial', message, 'check that the server runs, and that callers can reach the address');
  return problem(
    'dial',
    message,
    'check that the servers run; if this host is in another network, run the command where the callers are',
  );
}
