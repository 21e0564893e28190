import react from '@vitejs/plugin-react';
import { loadEnv } from 'vite';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, process.cwd(), 'CLOISTER_');
  const url = env['CLOISTER_URL'] ?? 'http://127.0.0.1:7080';
  return {
    base: '/console/',
    plugins: [react()],
    build: {
      outDir: 'dist',
      manifest: true,
      target: ['chrome123', 'firefox128', 'safari17.5'],
      // The polyfill is an inline script's work, and every browser of the target has what it fills in.
      modulePreload: { polyfill: false },
      // Small files as `data:` URLs would need exceptions in the content security policy.
      assetsInlineLimit: 0,
    },
    server: {
      proxy: {
        '/api': url,
        '/v1': url,
      },
    },
    test: {
      environment: 'happy-dom',
      include: ['src/**/*.test.{ts,tsx}'],
      testTimeout: 60_000,
      setupFiles: ['src/testing/setup.ts'],
    },
  };
});
