#!/usr/bin/env node
// A lock of a Node client as a contestant of bench:lock, with the commands of go-mutex.
//
//   node node-lock.mjs ours|etcd3 127.0.0.1:2379 name ttlSeconds
import { createInterface } from 'node:readline';

const [, , kind, address, name, ttl] = process.argv;
const acquired = [];
let onAcquired;
let held;

const { lock } = await import(`./${kind}.mjs`).then(({ open }) => open({ address, name, ttl: Number(ttl) }));

const commands = {
  async wait() {
    lock().then(
      (release) => {
        acquired.push(release);
        onAcquired?.();
      },
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
    return { ok: true };
  },
  async first() {
    held = await nextHolder();
    return { ok: true };
  },
  /** The time from the release to the next holder. Answers when the former one has released everything. */
  async handover() {
    const begun = performance.now();
    const released = held();
    held = await nextHolder();
    const ms = performance.now() - begun;
    await released;
    return { ms };
  },
};

async function nextHolder() {
  if (acquired.length === 0)
    await new Promise((resolve) => {
      onAcquired = resolve;
    });
  onAcquired = undefined;
  return acquired.shift();
}

for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await commands[line]()));
process.exit();
