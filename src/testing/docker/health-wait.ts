import type { WaitStrategy } from 'testcontainers';
import type { GatewayClient } from '../gateway-client.js';
import { until } from '../wait.js';
import type { Container } from './engine.js';

/**
 * Waits for `/health`. The image has no shell, which the strategies of testcontainers for a listening port and for a
 * command need, and its strategy for HTTP has no client certificate.
 */
export class HealthWait implements WaitStrategy {
  readonly #gateway: GatewayClient;
  #timeoutMs = 30_000;
  #isTimeoutSet = false;

  constructor(gateway: GatewayClient) {
    this.#gateway = gateway;
  }

  async waitUntilReady(container: Container): Promise<void> {
    await until('/health', { timeoutMs: this.#timeoutMs }, async () => {
      const { State } = await container.inspect();
      if (!State.Running) throw new Error('the container ended');
      return this.#gateway.isHealthy();
    });
  }

  withStartupTimeout(timeoutMs: number): this {
    this.#timeoutMs = timeoutMs;
    this.#isTimeoutSet = true;
    return this;
  }

  isStartupTimeoutSet(): boolean {
    return this.#isTimeoutSet;
  }

  getStartupTimeout(): number {
    return this.#timeoutMs;
  }
}
