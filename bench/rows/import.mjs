// The first import in a process.
import { measured } from '../harness/measure.mjs';

const entries = {
  raw: '@grpc/grpc-js',
  ours: '../../dist/index.js',
  etcd3: 'etcd3',
  connect: '@connectrpc/connect-node',
};

export const rows = [
  {
    name: 'import',
    title: "cold import (raw: '@grpc/grpc-js' alone)",
    contestants: Object.keys(entries),
    metrics: [
      { name: 'ms', title: 'ms' },
      { name: 'cpu', title: 'CPU ms' },
    ],
    settings: { full: { rounds: 15 }, quick: { rounds: 3 } },
    fresh: true,
    withoutClient: true,

    async start({ contestant }) {
      return {
        async measure() {
          const { ms, cpu } = await measured(() => import(entries[contestant]));
          return { ms, cpu: cpu / 1_000 };
        },
      };
    },
  },
];
