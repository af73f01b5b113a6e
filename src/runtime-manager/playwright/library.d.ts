/** The parts of Playwright's own server that are used here: its package exports them without types. */
declare module 'playwright-core/lib/coreBundle' {
  import type { BrowserContext } from 'playwright-core';
  import type { z } from 'zod';

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

  /** A tool of Playwright's MCP server. */
  export interface McpTool {
    schema: {
      name: string;
      title: string;
      description: string;
      inputSchema: z.ZodObject;
      type: 'input' | 'action' | 'readOnly' | 'assertion';
    };
  }

  export interface McpConfig {
    outputDir: string;
    /** Whether paths are taken as they are, instead of only below `outputDir`. */
    allowUnrestrictedFileAccess: boolean;
    sharedBrowserContext: boolean;
    /** Whether what pages offer by WebMCP is offered too. */
    webmcp: boolean;
    /** Which messages of pages are written to a file. */
    console: { level: string };
    timeouts: { action: number; navigation: number; expect: number };
  }

  export interface McpResult {
    content: ({ type: 'text'; text: string } | { type: 'image'; data: string; mimeType: string })[];
    isError?: boolean;
  }

  export const tools: {
    /** All of them. */
    browserTools: McpTool[];
    /** Those of Playwright's MCP server with the capabilities. */
    filteredTools(config: { capabilities: string[] }): McpTool[];
    /** Does what the tools do, with the pages of one context. */
    BrowserBackend: new (
      config: McpConfig,
      context: BrowserContext,
      tools: McpTool[],
    ) => {
      initialize(client: { cwd: string }): Promise<void>;
      callTool(name: string, args: object, signal: AbortSignal): Promise<McpResult>;
      dispose(): Promise<void>;
    };
    Tab: {
      prototype: {
        _downloadStarted(download: { suggestedFilename(): string }): Promise<void>;
        _addLogEntry(entry: object): void;
      };
    };
  };
}
