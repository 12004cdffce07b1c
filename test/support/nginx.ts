import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import type { Certificate } from './certificate.js'
import { readDocument } from './markdown.js'
import { PROGRAMS } from './programs.js'

/** What stands between the world and some servers. */
export interface Site {
  /** TCP port to listen on, at 127.0.0.1. */
  readonly port: number
  readonly certificate: Certificate
  /** TCP ports of the servers, at 127.0.0.1. */
  readonly backends: readonly number[]
}

/**
 * Starts nginx with TLS before some servers, with the very site that docs/deploy.md shows; it ends
 * with the test.
 */
export async function startNginx(site: Site): Promise<void> {
  if (PROGRAMS.nginx === undefined) throw new Error('nginx is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'nginx-'))
  const file = join(folder, 'nginx.conf')
  await writeFile(file, configure(await adaptSite(site), folder))
  const nginx = spawn(PROGRAMS.nginx, ['-e', 'stderr', '-p', folder, '-c', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaints = ''
  nginx.stderr.on('data', (data) => {
    complaints += data
  })
  const exited = once(nginx, 'exit')
  onTestFinished(async () => {
    nginx.kill('SIGTERM')
    await exited
    await rm(folder, { recursive: true })
  })
  await vi.waitFor(
    async () => {
      if (nginx.exitCode !== null) throw new Error(`nginx has ended: ${complaints}`)
      const socket = connect(site.port, '127.0.0.1')
      await once(socket, 'connect')
      socket.destroy()
    },
    { timeout: 10_000 },
  )
}

/** The site of the document, with other ports, servers and certificates. */
async function adaptSite({ port, certificate, backends }: Site): Promise<string> {
  const { blocks } = await readDocument('docs/deploy.md')
  const shown = blocks.find(({ language }) => language === 'nginx')?.text ?? ''
  const servers = backends.map((backend) => `  server 127.0.0.1:${backend}$2\n`).join('')
  return shown
    .replace(/( {2}server 127\.0\.0\.1:\d+(.*;)\n)+/, servers)
    .replace('listen 443', `listen 127.0.0.1:${port}`)
    .replace(/\/etc\/.*\/fullchain\.pem/, certificate.file)
    .replace(/\/etc\/.*\/privkey\.pem/, certificate.keyFile)
}

function configure(site: string, folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const isRoot = process.getuid?.() === 0
  return `
${isRoot ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  ${site}
}
`
}
