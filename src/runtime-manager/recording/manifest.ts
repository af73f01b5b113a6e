/**
 * What the player of a recording is told, as JSON. Only types: the player's page compiles with them.
 * Times are whole ms since the recording began.
 */
export interface RecordingManifest {
  id: string;
  alias: string;
  /** `encoding` also while the runtime runs; then and until it is `ready`, there are many parts of a tab. */
  status: 'encoding' | 'ready' | 'expired';
  /** Whether more is being recorded. */
  isRunning: boolean;
  /** When the recording began: RFC 3339. */
  startedAt: string;
  /** Up to where there is anything to see now. */
  durationMs: number;
  /** In the order in which they were opened. */
  tabs: ManifestTab[];
  /** By tab and time; those of one tab do not overlap. */
  parts: ManifestPart[];
  /** By time. */
  marks: ManifestMark[];
  /** What `after` is next, while more may come: the answer then has only later parts and marks. */
  next: string;
}

export interface ManifestTab {
  id: string;
  /** The last ones. */
  title: string;
  url: string;
}

/** A video of one tab, between two times: its last picture lasts until `endMs`, whatever the file says. */
export interface ManifestPart {
  id: string;
  tabId: string;
  startMs: number;
  endMs: number;
  width: number;
  height: number;
  sizeBytes: number;
  /** Below the player's own address; it can be loaded for an hour, and takes `Range`. */
  url: string;
}

/** What happened. `tab.shown`: from now on this is the tab in use. */
export interface ManifestMark {
  id: string;
  atMs: number;
  /**
   * `tab.opened` and `tab.navigated` (`data.url`), `tab.titled` (`data.title`), `tab.shown`,
   * `tab.closed`, `recording.paused` and `recording.resumed` (`data.by`: `api` or `human`),
   * `recording.limited`, or an event of the runtime, such as `runtime.control_taken`.
   */
  type: string;
  tabId: string | null;
  data: Record<string, unknown>;
}

/** What the player posts to the page that embeds it: four times a second while it plays, and at each jump. */
export interface RecordingTimeMessage {
  type: 'bctrl:recording-time';
  timeMs: number;
  durationMs: number;
  tabId: string | null;
}
