/** The groups of operations, in the order in which the reference shows them. */
export const TAGS = [
  { name: 'Runtimes', description: 'Create, list, stop, start and delete browsers.' },
  { name: 'Operations', description: 'Playwright calls that a runtime carries out over HTTP.' },
  {
    name: 'One-shots',
    description: 'A screenshot, a PDF, the HTML or data of one page in one request.',
  },
  { name: 'Connections', description: 'URLs with which clients control or observe a runtime.' },
  { name: 'MCP', description: 'Tools for agents, over Streamable HTTP.' },
  { name: 'Live view', description: 'A web page in which people watch and control a runtime.' },
  { name: 'Recordings', description: 'Videos of the tabs of a runtime, with an index.' },
  { name: 'Events', description: 'What happened in a runtime, as a list and as a stream.' },
  { name: 'Webhooks', description: 'Events posted to your own URL as they happen.' },
  { name: 'Control', description: 'Whether a person or programs have control of a browser.' },
  { name: 'Captchas', description: 'Solve the captchas on a page on demand.' },
  { name: 'Browser profiles', description: 'Saved browser state, which outlives runtimes.' },
  { name: 'Browser extensions', description: 'Extensions that runtimes can load.' },
  { name: 'Workspaces', description: 'Named groups of runtimes. Keys can be limited to them.' },
  { name: 'Storage', description: 'Namespaces of files that workspaces share.' },
  {
    name: 'Files of runtimes',
    description: 'Files that a browser has downloaded, and files that it can upload.',
  },
  { name: 'API keys', description: 'The credentials of programs, and what each may do.' },
  { name: 'Audit', description: 'Who changed what, and when.' },
  { name: 'Nodes', description: 'The processes that run browsers, and their capacity.' },
  { name: 'Health', description: 'The health of the service.' },
];
