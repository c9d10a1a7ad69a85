import { findOnPath } from '../binary/etcd-binary.js';
import { DockerEngine } from '../docker/engine.js';
import { DockerRuntime } from '../docker/runtime.js';
import { reasonOf } from '../errors.js';
import type { EtcdRuntime } from '../etcd-node.js';
import type { Settings } from '../options.js';
import { orAborted } from '../wait.js';

/** A running Docker engine that has the image or can pull it. */
export async function openDocker(settings: Settings, tried: string[]): Promise<EtcdRuntime | undefined> {
  const engine = await connect(settings, tried);
  if (!engine) return undefined;
  try {
    settings.progress.update(`pulling ${settings.image}, unless it is here`);
    await orAborted(settings.signal, engine.ensureImage(settings.image));
  } catch (error) {
    settings.signal?.throwIfAborted();
    tried.push(`docker: image ${settings.image}: ${reasonOf(error)}`);
    return undefined;
  }
  return new DockerRuntime(engine, settings, findOnPath('etcdctl'));
}

async function connect(settings: Settings, tried: string[]): Promise<DockerEngine | undefined> {
  try {
    return await orAborted(settings.signal, DockerEngine.connect());
  } catch (error) {
    settings.signal?.throwIfAborted();
    const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    tried.push(`docker: ${isMissing ? 'the package testcontainers is not installed' : reasonOf(error)}`);
    return undefined;
  }
}
