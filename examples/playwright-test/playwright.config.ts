import { defineConfig } from '@playwright/test';

export default defineConfig({
  testMatch: '*.spec.ts',
  reporter: 'line',
  use: { baseURL: process.env['SITE'] ?? 'https://example.com' },
});
