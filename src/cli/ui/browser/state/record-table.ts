import type { EndpointRow, Queue } from '../../protocol/index.js';
import { Service } from './service.js';

export interface RowChange {
  readonly key: string;
  /** Undefined if the record is gone. */
  readonly row: EndpointRow | undefined;
}

/** All records, by key and by service, and the queues. */
export class RecordTable {
  readonly rows = new Map<string, EndpointRow>();
  readonly services = new Map<string, Service>();
  readonly queues = new Map<string, Queue>();

  put(row: EndpointRow): void {
    const before = this.rows.get(row.key);
    if (before && before.service !== row.service) this.#removeFromService(before);
    this.rows.set(row.key, row);
    this.#service(row.service).put(row);
  }

  /** Returns the row that was there. */
  remove(key: string): EndpointRow | undefined {
    const row = this.rows.get(key);
    if (row) {
      this.rows.delete(key);
      this.#removeFromService(row);
    }
    return row;
  }

  #service(name: string): Service {
    let service = this.services.get(name);
    if (!service) {
      service = new Service(name);
      this.services.set(name, service);
    }
    return service;
  }

  #removeFromService(row: EndpointRow): void {
    const service = this.services.get(row.service);
    service?.remove(row.key);
    if (service?.rows.size === 0) this.services.delete(row.service);
  }
}
