import { defineConfig } from '@playwright/test';

export default defineConfig({
  testMatch: '*.spec.ts',
  reporter: 'line',
  outputDir: '../../node_modules/.cache/playwright-test',
  use: { baseURL: process.env['SITE'] ?? 'https://example.com' },
});
