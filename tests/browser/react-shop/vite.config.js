// Built as for development: there StrictMode mounts each effect twice, as it does for who writes a shop.
import { defineConfig } from 'vite';

process.env.NODE_ENV = 'development';

export default defineConfig({
  mode: 'development',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic' } },
  build: { minify: false, modulePreload: false },
});
