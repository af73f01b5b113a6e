/** The parts of Playwright's own server that are used here: its package exports them without types. */
declare module 'playwright-core/lib/coreBundle' {
  export interface ServerBrowser {
    on(event: 'disconnected', listener: () => void): void;
    newContext(progress: unknown, options: ContextOptions): Promise<unknown>;
  }

  interface ContextOptions {
    proxy?: object;
    clientCertificates?: object[];
  }

  export const server: {
    createPlaywright(options: { sdkLanguage: string; isServer: boolean }): {
      chromium: {
        connectOverCDP(
          progress: unknown,
          options: { endpointURL: string; isLocal: boolean; artifactsDir: string },
        ): Promise<ServerBrowser>;
      };
    };
    nullProgress: unknown;
  };

  export const registry: {
    registry: { findExecutable(name: 'ffmpeg'): { executablePathOrDie: () => string } };
  };

  export const remote: {
    PlaywrightServer: new (options: {
      mode: 'launchServerShared';
      path: string;
      maxConnections: number;
      preLaunchedBrowser: ServerBrowser;
    }) => { listen(port: number, hostname: string): Promise<string> };
  };
}
