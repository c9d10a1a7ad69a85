export type {
  AddedMember,
  ClusterClient,
  ClusterMember,
  MemberListOptions,
  MemberListResult,
} from './cluster-client.js';
export { ClusterClientImpl } from './cluster-client-impl.js';
