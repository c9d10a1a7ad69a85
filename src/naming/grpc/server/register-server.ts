import type { Server } from '@grpc/grpc-js';
import { noOptions, objectWithMethods, optionsChecker } from '../../../model/index.js';
import { NamingError } from '../../errors.js';
import { checkClient, describeValue, type NamingClient } from '../../ports.js';
import {
  checkDrain,
  type DrainOptions,
  type RegisterOptions,
  type Registration,
  register,
  registerChecks,
  registerTexts,
} from '../../register/index.js';
import { createHealthHandle, type HealthReporter } from './health.js';

/** The options of {@link registerServer}. */
export interface RegisterServerOptions extends RegisterOptions {
  /**
   * Reports `SERVING` before the record is stored, and `NOT_SERVING` when the server begins to drain or the registration
   * ends. With several registrations per reporter, the last of them reports `NOT_SERVING`. An exception or rejection of
   * the reporter becomes a process warning (`ETCD_NAMING_HEALTH`). Default: none.
   */
  readonly health?: HealthReporter;
}

const checkRegisterServer = optionsChecker<RegisterServerOptions>(
  { ...registerChecks, health: objectWithMethods('setStatus') },
  registerTexts,
);

/**
 * Registers a grpc-js server whose port is bound, like {@link register}. `drain()` then also waits for the server's calls
 * in progress and shuts the server down; with several registrations per server, the last `drain()` does. Your own
 * `whenIdle` replaces that. In a program:
 * `process.once('SIGTERM', () => registration.drain().finally(() => process.exit()))`.
 * @throws {NamingError} for an argument that is not a server or a client, and what {@link register} throws.
 * @example
 * ```ts
 * server.bindAsync('0.0.0.0:50051', ServerCredentials.createInsecure(), async (error, port) => {
 *   if (error) throw error;
 *   const addr = advertiseAddress(port);
 *   const registration = await registerServer(server, client, { target: 'foo/bar/my-service', addr });
 *   process.once('SIGTERM', () => registration.drain().finally(() => process.exit()));
 * });
 * ```
 */
export async function registerServer(
  server: Server,
  client: NamingClient,
  options: RegisterServerOptions,
): Promise<Registration> {
  checkServer(server);
  checkClient(client, 'second');
  checkRegisterServer(options);
  const { health: reporter, ...registerOptions } = options;
  const health = createHealthHandle(reporter);
  const releaseServer = useServer(server);
  health.markServing();
  const registration = await register(client, registerOptions).catch((error) => {
    health.release();
    releaseServer();
    throw error;
  });
  let draining = false;
  void registration.ended.then(() => {
    health.release();
    if (!draining) releaseServer();
  });
  const drain = registration.drain.bind(registration);
  registration.drain = async (drainOptions: DrainOptions = noOptions) => {
    checkDrain(drainOptions);
    draining = true;
    health.release();
    const whenIdle = async () => {
      const remaining = releaseServer();
      if (drainOptions.whenIdle) await drainOptions.whenIdle();
      else if (remaining === 0) await shutDown(server);
    };
    return drain({ ...drainOptions, whenIdle });
  };
  return registration;
}

function checkServer(server: Server): void {
  if (typeof server?.tryShutdown === 'function') return;
  throw new NamingError(`the first argument is ${describeValue(server)}, not a Server of grpc-js`);
}

/** The number of registrations per server: a drain of one must not break the calls of another. */
const registrationCounts = new WeakMap<Server, number>();

/** Counts a registration. The returned function ends that, once, and returns the number of remaining registrations. */
function useServer(server: Server): () => number {
  registrationCounts.set(server, (registrationCounts.get(server) ?? 0) + 1);
  let released = false;
  return () => {
    const remaining = (registrationCounts.get(server) ?? 0) - (released ? 0 : 1);
    released = true;
    registrationCounts.set(server, remaining);
    return remaining;
  };
}

/** Refuses new calls, and waits for those in progress. */
function shutDown(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.tryShutdown((error) => (error ? reject(error) : resolve()));
  });
}
