// The machine and the programs of a run.
import { cpus, loadavg, release, totalmem } from 'node:os';
import { versionsOf } from '../contestants/index.mjs';

export function describeMachine({ etcd, cores, contestants }) {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    etcd: etcd.version,
    pinned: cores.client === undefined ? false : cores,
    whyNotPinned: cores.why,
    loadAtStart: loadavg()[0],
    contestants: Object.fromEntries(contestants.map((name) => [name, versionsOf(name)])),
  };
}

export function machineText(machine) {
  const pinned =
    machine.pinned === false
      ? `NOT pinned (${machine.whyNotPinned}): client and etcd compete for cores, so times and rates are not reliable`
      : `client on core ${machine.pinned.client}, etcd on core ${machine.pinned.server}`;
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}`,
    `node ${machine.node}, etcd ${machine.etcd}; ${pinned}`,
    ...Object.entries(machine.contestants).map(([name, versions]) => `${name.padEnd(8)} ${versions}`),
  ];
  if (machine.loadAtStart > 1)
    lines.push(
      `NOTE: the load average is ${machine.loadAtStart.toFixed(1)}: other programs disturb the figures`,
    );
  return lines.join('\n');
}
