import { CID } from 'multiformats/cid'
import type { Row, Store } from '../store/store.js'
import { instanceNotFound } from '../threads/errors.js'
import type { Bucket, PathMetadata, Role } from './bucket.js'

const TABLES = [
  `CREATE TABLE buckets (
    key TEXT PRIMARY KEY, thread TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL,
    root TEXT NOT NULL, link_key BLOB, metadata TEXT NOT NULL, created_at REAL NOT NULL,
    updated_at REAL NOT NULL
  ) STRICT`,
  'CREATE INDEX buckets_by_thread ON buckets (thread, key)',
]

/** Buckets, as they are stored. */
export class BucketStore {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
    store.migrate('buckets', TABLES)
  }

  /**
   * Finds a bucket.
   *
   * @param thread - ID of its thread; unless given, any
   * @throws CallError where there is none, as hubd words it
   */
  get(key: string, thread?: string): Bucket {
    const [row] = this.#store.execute('SELECT * FROM buckets WHERE key = $1', [key])
    const bucket = row && readBucket(row)
    if (!bucket || (thread !== undefined && bucket.thread !== thread)) {
      throw instanceNotFound()
    }
    return bucket
  }

  /** The buckets of a thread, by key. */
  list(thread: string): Bucket[] {
    const sql = 'SELECT * FROM buckets WHERE thread = $1 ORDER BY key'
    return this.#store.execute(sql, [thread]).map(readBucket)
  }

  /** All buckets. */
  listAll(): Bucket[] {
    return this.#store.execute('SELECT * FROM buckets').map(readBucket)
  }

  /** Writes a bucket, new or changed. */
  put(bucket: Bucket): void {
    this.#store.execute(
      'INSERT OR REPLACE INTO buckets VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      [
        bucket.key,
        bucket.thread,
        bucket.owner,
        bucket.name,
        bucket.root.toString(),
        bucket.linkKey ?? null,
        JSON.stringify([...bucket.metadata].map(writeMetadata)),
        bucket.createdAt,
        bucket.updatedAt,
      ],
    )
  }

  /** Removes a bucket. */
  remove(key: string): void {
    this.#store.execute('DELETE FROM buckets WHERE key = $1', [key])
  }

  /** Does all of some work on buckets and blocks or nothing of it. */
  transaction<Result>(work: () => Result): Result {
    return this.#store.transaction(work)
  }
}

/** What is known of a path, in JSON: the path, roles, time, and key in base64. */
type StoredMetadata = [string, [string, Role][], number, string?]

function writeMetadata([path, { roles, updatedAt, key }]: [string, PathMetadata]): StoredMetadata {
  const encodedKey = key && Buffer.from(key).toString('base64')
  return encodedKey ? [path, [...roles], updatedAt, encodedKey] : [path, [...roles], updatedAt]
}

function readMetadata([path, roles, updatedAt, key]: StoredMetadata): [string, PathMetadata] {
  const metadata = { roles: new Map(roles), updatedAt }
  return [path, key ? { ...metadata, key: Buffer.from(key, 'base64') } : metadata]
}

function readBucket(row: Row): Bucket {
  const { link_key: linkKey } = row
  const metadata: StoredMetadata[] = JSON.parse(String(row.metadata))
  return {
    key: String(row.key),
    thread: String(row.thread),
    owner: String(row.owner),
    name: String(row.name),
    root: CID.parse(String(row.root)),
    linkKey: linkKey instanceof Uint8Array ? linkKey : undefined,
    metadata: new Map(metadata.map(readMetadata)),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  }
}
