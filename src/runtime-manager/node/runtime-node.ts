import type { DefaultPage } from '../browser/browser.ts';
import type { ProcessExit } from '../browser/chromium.ts';
import type { Endpoints } from '../connections/endpoints.ts';

export type { ProcessExit };

/** A browser on some machine, as the manager sees it. */
export interface NodeBrowser {
  /** The ways to speak to it; they end with it. */
  readonly endpoints: Endpoints;
  readonly defaultPage: DefaultPage;
  /** Settles once nothing of the browser is left, whichever way it ended. */
  readonly exited: Promise<ProcessExit>;
  kill(): Promise<void>;
}

/** A machine that runs browsers. */
export interface RuntimeNode {
  readonly id: string;
  /** Throws RuntimeError `runtime.launch_failed`, or what `signal` aborts with. */
  launch(signal: AbortSignal): Promise<NodeBrowser>;
  /** Whether a browser can be launched now. */
  isLaunchable(): Promise<boolean>;
}
