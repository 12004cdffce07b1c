import react from '@vitejs/plugin-react'
import { defineConfig, type ProxyOptions } from 'vite'

/** Where the login server listens. */
const SERVER = process.env.LOGIN_SERVER ?? 'http://127.0.0.1:3001'

/** The page reaches the login server on its own host, as it will behind a proxy in production. */
const proxy: Record<string, ProxyOptions> = { '/ws/userauth': { target: SERVER, ws: true } }

export default defineConfig({ plugins: [react()], server: { proxy }, preview: { proxy } })
