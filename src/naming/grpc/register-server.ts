import type { Server } from '@grpc/grpc-js';
import { noOptions, objectWith, optionsChecker } from '../../model/index.js';
import { NamingError } from '../errors.js';
import { checkClient, describeValue, type NamingClient } from '../ports.js';
import {
  checkDrain,
  type DrainOptions,
  type RegisterOptions,
  type Registration,
  register,
  registerChecks,
  registerTexts,
} from '../register/index.js';
import { type HealthReporter, trackHealth } from './server-health.js';

export interface RegisterServerOptions extends RegisterOptions {
  /**
   * Set to `SERVING` before the record is stored, and to `NOT_SERVING` when the server begins to drain or the
   * registration ends; where several registrations have the same reporter, when the last of them does. A reporter that
   * throws or rejects causes a process warning (`ETCD_NAMING_HEALTH`) and nothing else.
   */
  readonly health?: HealthReporter;
}

const registerServerInput = optionsChecker<RegisterServerOptions>(
  { ...registerChecks, health: objectWith('setStatus') },
  registerTexts,
);

/**
 * As `register`, for a server of grpc-js whose port is bound: `drain()` then also waits for the server's calls under
 * way, and shuts it down; where the server is registered under several targets, the `drain()` that ends last does. A
 * `whenIdle` of your own takes the place of that. In a program: `process.once('SIGTERM', () => registration.drain().finally(() => process.exit()))`.
 */
export async function registerServer(
  server: Server,
  client: NamingClient,
  options: RegisterServerOptions,
): Promise<Registration> {
  checkServer(server);
  checkClient(client, 'second');
  registerServerInput(options);
  const { health: reporter, ...registerOptions } = options;
  const health = trackHealth(reporter);
  const leaveServer = useServer(server);
  health.markServing();
  const registration = await register(client, registerOptions).catch((error) => {
    health.release();
    leaveServer();
    throw error;
  });
  let draining = false;
  void registration.ended.then(() => {
    health.release();
    if (!draining) leaveServer();
  });
  const drain = registration.drain.bind(registration);
  registration.drain = async (of: DrainOptions = noOptions) => {
    checkDrain(of);
    draining = true;
    health.release();
    const whenIdle = async () => {
      const others = leaveServer();
      if (of.whenIdle) await of.whenIdle();
      else if (others === 0) await shutDown(server);
    };
    return drain({ ...of, whenIdle });
  };
  return registration;
}

function checkServer(server: Server): void {
  if (typeof server?.tryShutdown === 'function') return;
  throw new NamingError(`the first argument is ${describeValue(server)}, not a Server of grpc-js`);
}

/** How many registrations need the server: callers of one must not be lost because another one is drained. */
const users = new WeakMap<Server, number>();

/** The returned function leaves the server, once, and gives how many others still need it. */
function useServer(server: Server): () => number {
  users.set(server, (users.get(server) ?? 0) + 1);
  let left = false;
  return () => {
    const others = (users.get(server) ?? 0) - (left ? 0 : 1);
    left = true;
    users.set(server, others);
    return others;
  };
}

/** Takes no new call, and waits for those under way. */
function shutDown(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.tryShutdown((error) => (error ? reject(error) : resolve()));
  });
}
