#!/usr/bin/env node
// The cost of an update of a large service for a channel, with our policy and with grpc-js's round_robin, and the cost
// of a call.
import { parseArgs } from 'node:util';
import { measurePolicy, policies } from './harness/balancing.mjs';
import { reply, start } from './harness/processes.mjs';

const help = `npm run bench:balancer -- [--endpoints 5000] [--updates 9]

Connects one channel to many endpoints (one server that listens on as many loopback addresses, on Linux only) with each
policy, then removes one endpoint and adds it again. Prints how long each update blocks the process.`;

const { values } = parseArgs({
  options: {
    endpoints: { type: 'string', default: '5000' },
    updates: { type: 'string', default: '9' },
    help: { type: 'boolean' },
  },
});
if (values.help) console.log(help);
else await main({ count: Number(values.endpoints), updates: Number(values.updates), calls: 5_000 });

async function main(settings) {
  const server = start('echo-server.mjs', { task: {} });
  const port = await reply(server);
  console.log(`${settings.count} endpoints, ${settings.updates} updates, node ${process.version}`);
  const theirs = await measure(policies.raw, { ...settings, port });
  const ours = await measure(policies.ours, { ...settings, port });
  const ratio = (name) => (ours[name] / theirs[name]).toFixed(3);
  console.log(
    `ours / round_robin: first list ${ratio('first')}, update ${ratio('update')}, call ${ratio('call')}`,
  );
  server.disconnect();
}

async function measure(policy, settings) {
  const figures = await measurePolicy(policy, settings);
  const { first, update, times, call } = figures;
  console.log(
    `${policy.padEnd(14)} first list ${first.toFixed(0)} ms, update ${update.toFixed(1)} ms (${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)}), call ${call.toFixed(0)} µs of CPU`,
  );
  return figures;
}
