import type { KeyValue, LeaseId, Revision } from '../../model/index.js';
import type { RequestKey } from './protocol.js';

/** The key before the own one, which is followed. */
interface Predecessor {
  readonly request: RequestKey;
  readonly key: Buffer;
  readonly createRevision: Revision;
}

/** The place of one lease in the queue: its key, and what is followed for it. */
export class Place {
  readonly key: Buffer;
  readonly lease: LeaseId;
  /** The revision that created the key; undefined until etcd has answered. */
  createRevision: Revision | undefined;
  /** The `follow` of the own key. */
  ownFollow: RequestKey | undefined;
  predecessor: Predecessor | undefined;

  constructor(key: Buffer, lease: LeaseId) {
    this.key = key;
    this.lease = lease;
  }

  /** Whether the record is the one that this acquisition created. Its value, revision and lease may have changed. */
  isOwn(kv: KeyValue | undefined): kv is KeyValue {
    return kv !== undefined && kv.createRevision === this.createRevision;
  }

  isFollowing(request: RequestKey): boolean {
    return request === this.ownFollow || request === this.predecessor?.request;
  }

  /** Forgets a `follow` that has ended. Returns whether there was one. */
  endFollow(request: RequestKey): boolean {
    if (!this.isFollowing(request)) return false;
    if (request === this.ownFollow) this.ownFollow = undefined;
    else this.predecessor = undefined;
    return true;
  }
}
