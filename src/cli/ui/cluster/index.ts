export { type ClusterOptions, ClusterState } from './cluster-state.js';
