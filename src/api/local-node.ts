import { join } from 'node:path';
import type { Logger } from 'pino';
import {
  Captchas,
  Checkpoints,
  Converter,
  DownloadFiles,
  DownloadKeeper,
  EgressNotes,
  Execution,
  HandOver,
  Humanize,
  Joiner,
  LocalMachine,
  LiveView,
  LocalNode,
  OneShotPages,
  openJail,
  PageEvents,
  PageObservers,
  programPaths,
  Recorder,
  Screenshots,
  Spool,
  type Admit,
  type Companion,
  type EgressPolicy,
  type Extensions,
  type ExtensionTrial,
  type ObjectStorage,
  type OwnNode,
  type Profiles,
  type ProfileStates,
  type ReservedPorts,
  type WakeUps,
} from '../runtime-manager/index.ts';
import type {
  FileStore,
  OperationStore,
  RecordingStore,
  RuntimeStore,
} from '../runtime-manager/runtime/index.ts';
import { browserRoots, type Config } from './config/config.ts';
import { findExecutables, type Executables } from './config/executables.ts';
import type { Metrics } from './http/metrics.ts';
import type { JailStatus } from './routes/health.ts';

/** What a node is made of beside its machine. */
export interface NodeParts extends Config {
  nodeId: string;
  /** Where profiles lie while browsers use them. */
  checkoutRoot: string;
  log: Logger;
  store: RuntimeStore;
  storage: ObjectStorage;
  fileStore: FileStore;
  recordingStore: RecordingStore;
  operationStore: OperationStore;
  profiles: Profiles;
  extensions: Extensions;
  egressPolicy: EgressPolicy;
  reservedPorts: ReservedPorts;
  wakeUps: WakeUps;
  metrics: Metrics;
}

/** A node, and what the service takes from its machine beside runtimes. */
export interface OpenedNode {
  /** The caller's to end. */
  node: OwnNode & AsyncDisposable;
  /** Gives the saved states of profiles in other forms. */
  states: ProfileStates;
  /** Loads an extension in a browser of its own. */
  tryOut: (directory: string, signal?: AbortSignal) => Promise<ExtensionTrial>;
  /** Makes H.264 of recordings. */
  converter: Pick<Converter, 'soon'>;
  jail: JailStatus;
}

/** What the node stands on is closed with `stack`. */
export type OpenNode = (parts: NodeParts, stack: AsyncDisposableStack) => Promise<OpenedNode>;

/** This machine as it owns runtimes. */
export async function openLocalNode(
  parts: NodeParts,
  stack: AsyncDisposableStack,
  executables?: Executables,
): Promise<OpenedNode & { node: LocalNode }> {
  const { machine, jail } = await openMachine(parts, stack, executables);
  const observers = new PageObservers();
  const companions = await openCompanions(parts, observers, stack);
  const { meter } = parts.metrics;
  const node = new LocalNode({ ...parts, machine, observers, companions, metrics: meter });
  const { chromiumVersion } = machine;
  const directories = { browsers: parts.browserDir, data: parts.dataDir };
  const shown = { node, machine, jailLevel: jail.level, limits: parts, directories };
  parts.metrics.show({ ...shown, chromiumVersion });
  // Trials and conversions take their turn among the launches of runtimes.
  const admit =
    (givenUp?: AbortSignal): Admit =>
    (work) =>
      node.admit(work, givenUp);
  const { storage, recordingStore: store, log } = parts;
  const converter = stack.use(
    await Converter.open({
      directory: join(recordingsRoot(parts), 'converting'),
      store,
      storage,
      convert: (input, output, givenUp) =>
        machine.videos.convertToH264(input, output, admit(givenUp), givenUp),
      log,
    }),
  );
  return {
    node,
    jail,
    states: machine.states,
    tryOut: (directory, givenUp) => machine.trials.tryOut(directory, admit(givenUp), givenUp),
    converter,
  };
}

/** Where recordings lie until they are stored. */
function recordingsRoot({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'recordings');
}

/** What accompanies the browsers of the node. */
async function openCompanions(
  parts: NodeParts,
  observers: PageObservers,
  stack: AsyncDisposableStack,
): Promise<Companion[]> {
  const { nodeId, fileStore, fileLimits: limits, storage, store: events, log } = parts;
  const keeper = stack.use(new DownloadKeeper({ store: fileStore, storage, limits, log }));
  const spool = stack.use(await openSpool(parts, stack));
  const { downloadsMax: mostDownloads, metrics } = parts;
  const kept = { nodeId, keeper, storage, events, metrics: metrics.files };
  return [
    new Humanize(parts.humanizeMaxDelayMs),
    new HandOver(),
    new EgressNotes(),
    new Checkpoints(parts.profiles),
    new PageEvents(observers),
    new DownloadFiles({
      ...kept,
      store: fileStore,
      mostDownloads,
      diskBytes: parts.runtimeLimits.diskBytes,
    }),
    new LiveView({
      viewersMax: parts.viewersMax,
      uploads: { fileBytes: limits.fileBytes, totalBytes: parts.runtimeLimits.diskBytes },
      files: fileStore,
      storage,
    }),
    new Recorder({
      nodeId,
      store: parts.recordingStore,
      spool,
      observers,
      mostBytes: parts.recording.mostBytes,
    }),
    new Execution({ ...kept, store: parts.operationStore, files: fileStore }),
    new Captchas(parts.captchas),
    new Screenshots(),
    new OneShotPages(),
  ];
}

/** Where recordings lie until they are stored and joined, which this process does too. */
async function openSpool(parts: NodeParts, stack: AsyncDisposableStack): Promise<Spool> {
  const { nodeId, storage, recordingStore: store, log } = parts;
  const { keepMs } = parts.recording;
  const directory = recordingsRoot(parts);
  const joiner = stack.use(
    await Joiner.open({ directory: join(directory, 'joining'), store, storage, keepMs, log }),
  );
  const spooled = join(directory, 'spool');
  const spool = new Spool({ directory: spooled, store, storage, ended: () => joiner.soon(), log });
  await spool.adopt(nodeId);
  joiner.soon();
  return spool;
}

/** The programs, and the jail they run in. */
async function openMachine(
  parts: NodeParts,
  stack: AsyncDisposableStack,
  given: Executables | undefined,
) {
  const { nodeId: id, runtimeLimits, dataDir, log } = parts;
  const { egressPolicy: policy, reservedPorts, proxyTimeoutMs } = parts;
  const egress = { policy, reservedPorts, proxyTimeoutMs };
  const executables = given ?? (await findExecutables(parts, log));
  const { jail, missing } = stack.use(
    await openJail({
      ...egress,
      id,
      mode: parts.jailMode,
      searchPath: parts.searchPath,
      paths: await programPaths(Object.values(executables)),
      limits: runtimeLimits,
      log,
    }),
  );
  const machine = stack.use(
    await LocalMachine.open({
      ...parts,
      ...executables,
      id,
      jail,
      egress,
      directoryBytes: runtimeLimits.diskBytes,
      maxLaunches: parts.admission.maxLaunches,
      maxExtensions: parts.ceilings.extensions,
      extensionRoot: join(dataDir, 'extensions'),
      ...browserRoots(parts, id),
      env: parts.browserEnv,
    }),
  );
  const lacks = machine.hasSandbox
    ? []
    : ['Chromium runs without its own sandbox: it cannot have it here'];
  return { machine, jail: { level: jail.level, missing: [...missing, ...lacks] } };
}
