export { ApiFailure, endsSession, type FailureCode, toFailure } from './api-failure.js';
export { call } from './call.js';
export {
  beginSession,
  endSession,
  failSession,
  openSession,
  resumeSession,
  type SessionState,
  sessionState,
  sessionToken,
} from './session.js';
