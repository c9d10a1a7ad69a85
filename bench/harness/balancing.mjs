// The cost of a large service for a channel, with a balancing policy.
import { subscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { registerBalancer } from '../../build/src/naming/grpc/balancer/balancer.js';
import { policyName } from '../../build/src/naming/grpc/balancer/config.js';
import { withOutlierDetection } from '../../build/src/naming/grpc/resolver/outlier-detection.js';
import { channelWith, echo, endpoint } from './channel.mjs';
import { median } from './statistics.mjs';

const weighted = [{ [policyName]: {} }];
/** By contestant. */
export const policies = { raw: [{ round_robin: {} }], ours: weighted };
/** By contestant, for the price of outlier detection. */
export const outlierPolicies = { raw: weighted, ours: withOutlierDetection(weighted, {}) };

registerBalancer();

const atOnce = 50;
const connectTimeoutMs = 120_000;

/** The number of connected sockets of this process. */
let connected = 0;
subscribe('net.client.socket', ({ socket }) => socket.once('connect', () => connected++));

/**
 * Connects a channel to `count` endpoints, then removes one and adds it again, `updates` times in all, then makes calls.
 *
 * @returns how long an update blocks the process in ms, and the CPU of a call in µs
 */
export async function measurePolicy(policy, { count, updates, calls, port }) {
  const { client, report } = channelWith(policy);
  const all = Array.from({ length: count }, (_, i) => endpoint(i, port));
  const less = all.filter((_, i) => i !== count >> 1);
  const target = connected + count;
  const asked = echo(client);
  report(all);
  await asked;
  await allConnected(client, target);
  const times = [];
  for (let i = 0; i < updates; i++) {
    times.push(blocked(() => report(i % 2 === 0 ? less : all)));
    await sleep(50);
  }
  const call = await cpuOfCall(client, calls);
  client.close();
  return { update: median(times), call };
}

async function cpuOfCall(client, calls) {
  const before = process.cpuUsage();
  await echoes(client, calls);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

async function allConnected(client, target) {
  const deadline = performance.now() + connectTimeoutMs;
  while (connected < target && performance.now() < deadline) await sleep(20);
  if (connected < target) throw new Error(`${target - connected} endpoints are not connected`);
  await echoes(client, 2_000);
}

async function echoes(client, count) {
  for (let i = 0; i < count; i += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, () => echo(client)));
  }
}

function blocked(work) {
  const began = performance.now();
  work();
  return performance.now() - began;
}
