import type { ChildProcess, IOType } from 'node:child_process';
import type { Socket } from 'node:net';
import type { JailLevel } from './levels.ts';

/** What a program finds besides the system's own read-only folders. Later mounts lie over earlier ones. */
export type Mount =
  /** A folder in memory that may hold so much, and is gone with the program. */
  | { kind: 'memory'; at: string; sizeBytes: number }
  /** A folder or file of the machine. */
  | { kind: 'folder'; from: string; at: string; writable: boolean }
  /** A file of the machine, copied to where the program may change it. */
  | { kind: 'copy'; from: string; at: string };

/** A program that a customer drives. */
export interface Program {
  /** The browser's directory on the machine; everything that belongs to a browser is found by it. */
  directory: string;
  /** The program and its arguments, with the ports at which it finds what `accept` serves. */
  command: (ports: number[]) => string[];
  env: Record<string, string>;
  mounts: Mount[];
  /** Each serves one port on the program's own loopback. */
  accept: ((socket: Socket) => void)[];
  stdio: IOType[];
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running program with all processes it started: one process group. */
export interface Confined {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The ports on the program's loopback that `accept` serves, in that order. */
  readonly ports: readonly number[];
  /** Settles when the program is gone, whichever way. */
  readonly exited: Promise<ProcessExit>;
  /** Settles when none of its processes is left, as far as can be told. */
  readonly closed: Promise<unknown>;
  /** Declares a port that the program listens on, and returns how to connect to it. */
  reach(port: number): Dial;
  /** Kills every process of the program now. */
  kill(): void;
}

/** Opens a connection. Throws when nobody listens, or the program is gone. */
export type Dial = () => Promise<Socket>;

/** Where programs run: apart from the machine and from each other, as far as the machine allows. */
export interface Jail {
  /** What the operating system keeps the programs from. */
  readonly level: JailLevel;
  /** The user to whom files that a program is to change have to belong; undefined: the service's own. */
  readonly owner: { uid: number; gid: number } | undefined;
  /** The path at which a program finds its browser's directory. */
  seen(directory: string): string;
  /** Throws when the program cannot be spawned. */
  start(program: Program): Promise<Confined>;
}

/** This machine does not let the service have a jail; the message says why, and how to get one. */
export class JailUnavailable extends Error {}
