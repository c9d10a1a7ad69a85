// This package, through its public entry point.
import { EtcdClient } from '../../dist/index.js';
import { contestantOf } from './client.mjs';

export function open(address, clientOptions) {
  return contestantOf(new EtcdClient({ endpoints: [address], ...clientOptions }));
}
