/** The door of what many machines need. It is opened only where a process has others. */
export { sendBeacons } from './beacons.ts';
export type { Bus } from './bus.ts';
export { ClusterNodes } from './cluster-nodes.ts';
export { DataPlaneClient } from './data-plane/data-plane-client.ts';
export { DataPlaneListener } from './data-plane/data-plane-listener.ts';
export { Directory } from './directory.ts';
export { JobClient } from './jobs/job-client.ts';
export { RemoteStorageStates } from './jobs/remote-storage-states.ts';
export { RemoteTrials } from './jobs/remote-trials.ts';
export { serveJobs } from './jobs/serve-jobs.ts';
export { Membership } from './membership.ts';
export { PROTOCOL, type Beacon } from './messages.ts';
export { NatsBus } from './nats-bus.ts';
export { NodeServer } from './node-server.ts';
export { addressTowards } from './own-address.ts';
export { reservePeers } from './peers.ts';
export type { DataPlane } from './remote-node.ts';
export { createWakeUpRelay } from './wake-up-relay.ts';
