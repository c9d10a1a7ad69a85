export { Code, codeName, toCode } from './code.js';
export {
  AmbiguousWriteError,
  ClosedError,
  CompactedError,
  DeadlineError,
  EtcdError,
  type EtcdErrorFields,
  InvalidInputError,
  LeaseNotFoundError,
  PermissionDeniedError,
  RolledBackError,
  type TriedMember,
  UnauthenticatedError,
  type Verdict,
} from './etcd-error.js';
export { errorFromServer } from './server-texts.js';
