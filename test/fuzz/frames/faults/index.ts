import { byteFaults } from './bytes.js';
import { connectionFaults } from './connection.js';
import type { FrameFault } from './fault.js';
import { grpcFaults } from './grpc.js';
import { streamFaults } from './streams.js';

export type { Afterwards, FaultPlace, FrameFault, HostilePeer } from './fault.js';

export const frameFaults: readonly FrameFault[] = [
  ...connectionFaults,
  ...streamFaults,
  ...grpcFaults,
  ...byteFaults,
];
