import type { ManifestMark } from './contract.ts';

export type EventKind =
  | 'navigation'
  | 'tab'
  | 'control'
  | 'captcha'
  | 'error'
  | 'paused'
  | 'file'
  | 'other';

interface Words {
  kind: EventKind;
  label: string;
  detail: string;
}

type Data = Record<string, unknown>;
type Entry = [kind: EventKind, label: string, detail?: (data: Data, title: string) => unknown];

const url = (data: Data) => short(data['url']);
const title = (_: Data, of: string) => of;
const reason = (data: Data) => data['reason'];
const message = (data: Data) => data['message'];
const name = (data: Data) => data['name'];
const captcha = ({ kind, site }: Data) => [kind, site].filter(Boolean).join(' on ');
const place = ({ host, port }: Data) => [host, port].filter(Boolean).join(':');
const by = (data: Data) => (data['by'] === 'human' ? 'while a person drove' : 'by a program');

const ENTRIES: Partial<Record<string, Entry>> = {
  'tab.opened': ['tab', 'Tab opened', url],
  'tab.navigated': ['navigation', 'Went to', url],
  'tab.shown': ['tab', 'Switched to tab', title],
  'tab.closed': ['tab', 'Tab closed', title],
  'recording.paused': ['paused', 'Recording paused', by],
  'recording.resumed': ['paused', 'Recording went on'],
  'recording.limited': ['error', 'Recording reached its limit'],
  'runtime.control_requested': ['control', 'A program asked for help', reason],
  'runtime.control_taken': ['control', 'A person took control', reason],
  'runtime.control_returned': ['control', 'Control went back to programs'],
  'captcha.detected': ['captcha', 'Captcha found', captcha],
  'captcha.unsupported': ['captcha', 'Captcha not supported', captcha],
  'captcha.solve.started': ['captcha', 'Solving a captcha', captcha],
  'captcha.solve.succeeded': ['captcha', 'Captcha solved', captcha],
  'captcha.solve.failed': ['error', 'Captcha not solved', message],
  'page.error': ['error', 'Error on the page', message],
  'page.request_failed': ['error', 'Request failed', url],
  'page.crashed': ['error', 'Page crashed', title],
  'page.loaded': ['other', 'Page loaded', title],
  'egress.refused': ['error', 'Connection refused', place],
  'egress.failed': ['error', 'Connection failed', place],
  'download.started': ['file', 'Download began', name],
  'download.finished': ['file', 'Downloaded', name],
  'download.failed': ['error', 'Download failed', name],
  'runtime.launched': ['other', 'Browser started'],
  'runtime.connected': ['other', 'A program connected', (data) => data['protocol']],
  'runtime.disconnected': ['other', 'A program disconnected', (data) => data['protocol']],
  'runtime.expired': ['other', 'Time limit reached', reason],
  'runtime.proxy_changed': ['other', 'Proxy changed'],
  'runtime.stopped': ['other', 'Browser stopped'],
  'runtime.failed': ['error', 'Browser failed', reason],
};

/** Those who watch are connections too. */
const VIEWERS: Partial<Record<string, string>> = {
  'runtime.connected': 'A viewer joined',
  'runtime.disconnected': 'A viewer left',
};

/** `titleOfTab` is the title then of the tab that the mark is about. */
export function wordsOf({ type, data }: ManifestMark, titleOfTab: string): Words {
  if (type === 'console.message') return consoleWords(data);
  // A later version of the service may tell of more than this page knows.
  const [kind, label, detail] = ENTRIES[type] ?? ['other' as const, spelled(type)];
  if (data['protocol'] === 'live' && type in VIEWERS) {
    return { kind: 'other', label: VIEWERS[type] ?? '', detail: '' };
  }
  const told = detail?.(data, titleOfTab);
  return { kind, label, detail: typeof told === 'string' ? told : '' };
}

function consoleWords({ level, text }: Data): Words {
  const isError = level === 'error' || level === 'assert';
  const detail = typeof text === 'string' ? text : '';
  return {
    kind: isError ? 'error' : 'other',
    label: isError ? 'Console error' : 'Console',
    detail,
  };
}

/** An address without what all addresses have. */
function short(address: unknown): string {
  return typeof address === 'string' ? address.replace(/^https?:\/\/(?:www\.)?|\/$/g, '') : '';
}

function spelled(type: string): string {
  const words = type.replace(/[._]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
