// Who takes part. A process loads only its own contestant.
import { readFileSync } from 'node:fs';

const peers = new URL('../node_modules/', import.meta.url);
const root = new URL('../../', import.meta.url);

/** In the order of the output. `raw` is the reference of the ratios. */
export const contestants = {
  raw: { title: 'raw grpc-js', packages: ['@grpc/grpc-js', '@grpc/proto-loader'] },
  ours: { title: 'this package', packages: [] },
  etcd3: { title: 'etcd3', packages: ['etcd3'] },
  connect: {
    title: 'connect-node',
    packages: ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf'],
  },
  http2: { title: 'node:http2', packages: [] },
};

export const contestantNames = Object.keys(contestants);

/** Connects a contestant: see raw.mjs for what it can do. The options are those of this package's client. */
export async function connect(name, address, clientOptions) {
  const { open } = await import(`./${name}.mjs`);
  return open(address, clientOptions);
}

/** The versions of a contestant's packages, as text. */
export function versionsOf(name) {
  if (name === 'http2') return `node ${process.versions.node}`;
  const { packages } = contestants[name];
  if (packages.length > 0)
    return packages.map((of) => `${of} ${versionIn(new URL(`${of}/`, peers))}`).join(', ');
  const grpc = versionIn(new URL('node_modules/@grpc/grpc-js/', root));
  return `${versionIn(root)}, on @grpc/grpc-js ${grpc}`;
}

function versionIn(folder) {
  return JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')).version;
}
