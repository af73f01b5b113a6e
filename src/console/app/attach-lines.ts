import type { Runtime } from './contract.ts';

type Urls = NonNullable<Runtime['connection']>;

interface Library {
  name: string;
  /** What it takes to attach, with the address that it needs. */
  attach: (urls: Urls) => string;
}

export const LIBRARIES: Library[] = [
  {
    name: 'Playwright',
    attach: ({ cdpUrl }) => `import { chromium } from 'playwright';
const browser = await chromium.connectOverCDP('${cdpUrl}');
const page = browser.contexts()[0].pages()[0];
await page.goto('https://example.com');
console.log(await page.title());`,
  },
  {
    name: 'Puppeteer',
    attach: ({ cdpUrl }) => `import puppeteer from 'puppeteer-core';
const browser = await puppeteer.connect({ browserWSEndpoint: '${cdpUrl}' });
const [page] = await browser.pages();
await page.goto('https://example.com');
await browser.disconnect();`,
  },
  {
    name: 'Selenium',
    attach: ({ webdriverUrl }) => `import { Builder } from 'selenium-webdriver';
const driver = await new Builder()
  .usingServer('${webdriverUrl}')
  .forBrowser('chrome').build();
await driver.get('https://example.com');`,
  },
  {
    name: 'Stagehand',
    attach: ({ cdpUrl }) => `import { localBrowser, Stagehand } from '@browserbasehq/stagehand';
const browser = await localBrowser.connect({ cdpUrl: '${cdpUrl}' });
const stagehand = await Stagehand.create({ browser, model: 'openai/gpt-4o' });`,
  },
  {
    name: 'MCP',
    attach: ({ mcpUrl }) =>
      JSON.stringify({ mcpServers: { browser: { type: 'http', url: mcpUrl } } }, undefined, 2),
  },
];

const VARIABLES: Urls = {
  cdpUrl: '${cdpUrl}',
  playwrightUrl: '${playwrightUrl}',
  webdriverUrl: '${webdriverUrl}',
  mcpUrl: '${mcpUrl}',
  expiresAt: '',
};

/** The same for whoever has no runtime yet: the lines begin with what makes one. */
export const CREATE_LINES = LIBRARIES.filter(({ name }) => name !== 'MCP').map(
  ({ name, attach }) => ({
    name,
    linesFor: (address: string) => {
      const [library = '', ...rest] = attach(VARIABLES).split('\n');
      const used = /\$\{(\w+)\}/.exec(rest.join('\n'))?.[1] ?? 'cdpUrl';
      const lines = rest
        .join('\n')
        .replace(/'\$\{(\w+)\}'/, '$1')
        .replace('cdpUrl: cdpUrl', 'cdpUrl');
      return `${library}\n${createByFetch(address, used)}\n${lines}`;
    },
  }),
);

export function createByCurl(address: string, more: object = {}): string {
  const body = JSON.stringify({ alias: 'first', kind: 'browser', ...more });
  return `curl -sS ${address}/v1/workspaces/default/runtimes \\
  -H "Authorization: Bearer $BCTRL_API_KEY" -H 'Content-Type: application/json' \\
  -d '${body}'`;
}

function createByFetch(address: string, used: string): string {
  return `const made = await fetch('${address}/v1/workspaces/default/runtimes', {
  method: 'POST',
  headers: { authorization: \`Bearer \${process.env.BCTRL_API_KEY}\`, 'content-type': 'application/json' },
  body: JSON.stringify({ alias: 'first', kind: 'browser' }),
});
const { connection: { ${used} } } = await made.json();`;
}

/** Leaves a credential out of what is shown: screens are shared, and copied lines have it whole. */
export function withoutTickets(lines: string): string {
  return lines.replace(/(\/v1\/connect\/)([\w-]{4})[\w.-]+/g, '$1$2…');
}
