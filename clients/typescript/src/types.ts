import type { Client } from 'openapi-fetch';
import type { components, paths } from './api.ts';

/** Every operation of the service, typed: https://openapi-ts.dev/openapi-fetch */
export type Api = Client<paths>;

type Schemas = components['schemas'];
export type RuntimeInfo = Schemas['Runtime'];
export type CreateRuntime = Schemas['CreateBrowserRuntime'];
export type RuntimeEvent = Schemas['RuntimeEvent'];
export type Operation = Schemas['Operation'];
export type ExecuteRequest = Schemas['ExecuteRequest'];
export type Step = ExecuteRequest['steps'][number];
export type LiveEmbed = Schemas['LiveEmbed'];
export type EmbedLive = Schemas['EmbedLiveRequest'];
export type ScreenshotRequest = Schemas['OneShotScreenshot'];
export type PdfRequest = Schemas['OneShotPdf'];
export type ContentRequest = Schemas['OneShotContent'];
export type ScrapeRequest = Schemas['OneShotScrape'];
export type Scraped = Schemas['Scraped'];
