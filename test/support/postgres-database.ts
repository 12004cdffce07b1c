import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** Executes statements as another program would. @returns the rows of the last */
export async function query(url: string, ...statements: string[]): Promise<unknown[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    let rows: unknown[] = []
    for (const statement of statements) rows = (await client.query<object>(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

/** Makes an empty database. @param url - any database of the server. @returns the new one's URL */
export async function emptyDatabase(url: string): Promise<string> {
  const name = `users_${randomUUID().replaceAll('-', '')}`
  await query(url, `CREATE DATABASE ${name}`)
  const made = new URL(url)
  made.pathname = name
  return made.href
}
