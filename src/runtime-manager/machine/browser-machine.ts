import type { MachineState } from './machine-state.ts';
import type { Languages } from '../runtime/languages.ts';
import type { BrowserExit, KillReason } from '../browser/browser.ts';
import type { Forwarder } from '../egress/forwarder.ts';
import type { Route } from '../egress/route.ts';
import type { Downloads } from '../browser/downloads.ts';
import type { Uploads } from '../browser/uploads.ts';
import type { Pages } from '../browser/pages/pages.ts';
import type { CheckoutOwner } from './profiles/checkout.ts';
import type { Archive, Fingerprint } from '../profiles/profile.ts';
import type { Extension, LoadedExtension } from '../extensions/extension.ts';
import type { Endpoints } from '../connections/endpoints.ts';
import type { Transfers } from './transfers.ts';

export type { BrowserExit, KillReason };

/** What a browser with a profile starts from. */
export interface ProfileUse {
  fingerprint: Fingerprint;
  /** Undefined: the profile has no state yet. */
  archive: Archive | undefined;
  /** Whoever will save the state; undefined when nobody will. */
  owner: CheckoutOwner | undefined;
}

/** What a browser is launched with. */
export interface LaunchSpec {
  /** Undefined: the browser is ephemeral. */
  profile: ProfileUse | undefined;
  /** Loaded in this order. */
  extensions: Extension[];
}

/** The state of a profile in the browser that uses it. */
export interface UsedProfile {
  /** Stores the present state while the browser runs. Resolves with undefined when the state is too large. */
  checkpoint(): Promise<Archive | undefined>;
  /** Stores the state that the browser left. */
  save(): Promise<Archive>;
  /** Gives the state up; one that was just saved stays unpacked for the next writer. */
  release(saved?: Archive): Promise<void>;
}

/** A browser on some machine, as the manager sees it. */
export interface MachineBrowser {
  /** The ways to speak to the browser; they end with it. */
  readonly endpoints: Pick<
    Endpoints,
    | 'connect'
    | 'answer'
    | 'isInSession'
    | 'humanizer'
    | 'control'
    | 'clientTabs'
    | 'judge'
    | 'repeatEmulation'
    | 'tabClosings'
    | 'startHelper'
  >;
  readonly pages: Pick<Pages, keyof Pages>;
  /** All downloads of its pages and extensions, whoever began them. */
  readonly downloads: Pick<Downloads, 'follow' | 'cancel'>;
  /** The browser's only way out, closed until it has a route. Its counts stay readable after the end. */
  readonly forwarder: Pick<Forwarder, 'setRoute' | 'usage' | 'onFailure'>;
  /** The uploads and downloads of its pages. */
  readonly transfers: Pick<Transfers, keyof Transfers>;
  /** The files that its pages are given. */
  readonly uploads: Pick<Uploads, keyof Uploads>;
  /** The name of its directory on the machine. */
  readonly directory: string;
  /** Settles once nothing of the browser is left, whichever way it ended. */
  readonly exited: Promise<BrowserExit>;
  readonly extensions: LoadedExtension[];
  /** Undefined for an ephemeral browser. */
  readonly profile: UsedProfile | undefined;
  /** Lets the browser write what it has not written yet, and exit; kills it when that takes too long. */
  close(): Promise<void>;
  kill(): Promise<void>;
  /** Has pages and commands go before the encoding of recordings that have begun by now. */
  yieldEncoders(): Promise<void>;
}

/**
 * An ephemeral browser that was launched ahead. If it is given back untouched, it may serve another
 * runtime.
 */
export interface ReadyBrowser {
  browser: MachineBrowser;
  giveBack(): void;
}

/** A machine that runs browsers. */
export interface BrowserMachine {
  readonly id: string;
  /** What its browsers can speak. */
  readonly languages: Languages;
  /** Whether its browsers can be driven by WebDriver. */
  readonly hasWebDriver: boolean;
  /**
   * Throws RuntimeError `runtime.launch_failed`, `profile.version_damaged`,
   * `storage.object_missing`, `profile.locale_unavailable`, `extension.load_failed`, or what
   * `signal` aborts with.
   */
  launch(spec: LaunchSpec, signal: AbortSignal): Promise<MachineBrowser>;
  /** How many browsers were launched ahead and are ready. */
  readonly warmBrowsers: number;
  readonly state: MachineState;
  /** Whether browsers are launched ahead; while they are not wanted, none is ready. */
  keepWarm(isWanted: boolean): void;
  /** Checks that a ready browser is well, for whoever takes it next. */
  anticipate(): void;
  /** Undefined when none is ready. */
  takeReady(): Promise<ReadyBrowser | undefined>;
  /**
   * Dials the proxy of a route and authenticates. Throws `proxy.unreachable`, `proxy.auth_failed`,
   * `proxy.timeout`, `proxy.protocol_error` or `proxy.not_allowed`.
   */
  checkRoute(route: Route, signal: AbortSignal): Promise<void>;
  /** Kills all browsers, and launches none until `resume`. */
  halt(): Promise<void>;
  resume(): void;
  /** Whether a browser can be launched now. */
  isLaunchable(): Promise<boolean>;
  /** Whether the machine's memory has room for one more browser besides the `launching` ones. */
  hasMemory(launching: number): boolean;
}
