/** The subjects of the cluster's messages. `v1` changes only when older processes could not understand. */
const ROOT = 'bctrl.v1';

export const SUBJECTS = {
  /** What one node is asked, by the verb. */
  node: (nodeId: string, verb: string) => `${ROOT}.node.${nodeId}.${verb}`,
  /** Whether a process is there that has no data plane. */
  ping: (processId: string) => `${ROOT}.ping.${processId}`,
  /** How a node is: it tells itself again and again. */
  beacon: (nodeId: string) => `${ROOT}.beacon.${nodeId}`,
  beacons: `${ROOT}.beacon.*`,
  /** A runtime's record has changed. */
  changed: (organizationId: string, runtimeId: string) =>
    `${ROOT}.changed.${organizationId}.${runtimeId}`,
  /** A runtime waits for any node with room. */
  queueWaiting: `${ROOT}.queue.waiting`,
  /** Jobs that any node can do. */
  job: (name: string) => `${ROOT}.any.${name}`,
} as const;
