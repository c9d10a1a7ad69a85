import { readRecords } from '../records.js';
import type { Target } from '../target.js';
import type { Call } from '../verb.js';
import { checkAddresses } from './dial.js';
import { type Finding, problem } from './finding.js';
import { checkGrpcCopies } from './grpc-copies.js';
import { checkLeases } from './lease-check.js';
import { checkMembers } from './members.js';
import { checkName } from './name.js';
import { findNeighbours } from './neighbours.js';
import { checkProxies } from './proxies.js';
import { checkRecords } from './records.js';

/** Goes the way of a resolver, step by step, for as long as there is a next one. */
export async function* examine(call: Call, target: Target): AsyncGenerator<Finding, undefined> {
  yield* checkName(target);
  yield* checkProxies(target.service, call.io.env);
  yield* checkGrpcCopies(process.cwd());
  const members = await checkMembers(call, target.prefix);
  yield* members.findings;
  if (members.usable.length === 0) return;
  const client = call.connect(members.usable);
  const { records, revision } = await readRecords(client, target.prefix);
  if (records.length === 0) {
    const message = `no key starts with '${target.prefix}', at revision ${revision}`;
    yield problem('records', message, 'is the server registered, under this name, and with this etcd?');
    yield* await findNeighbours(client, target);
    return;
  }
  const { findings, usable } = checkRecords(records);
  yield* findings;
  if (usable.length === 0) return;
  yield* await checkLeases(client, usable);
  yield* await checkAddresses(usable);
}
